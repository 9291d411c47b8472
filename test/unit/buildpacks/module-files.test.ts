import { expect, test } from 'vitest'
import { ModuleFiles } from '../../../src/buildpacks/module-files.ts'

const BUILDPACK = "buildpack 'acme/node'"

test('accepts a directory twice, names with any bytes, and a hard link to an earlier file', () => {
  const files = new ModuleFiles(BUILDPACK)
  files.check({ type: 'directory', name: 'bin' })
  files.check({ type: 'directory', name: 'bin' })
  files.check({ type: 'file', name: Buffer.from([0xff, 0x2f, 0x61]) })
  files.check({ type: 'file', name: Buffer.from([0xfe, 0x2f, 0x61]) })
  files.check({ type: 'link', name: 'b', linkname: Buffer.from([0xff, 0x2f, 0x61]) })
  files.check({ type: 'link', name: 'c', linkname: 'b' })
  files.check({ type: 'symlink', name: 'bin/.whale', linkname: '/etc' })
})

test('rejects more than 500 000 files', () => {
  const files = new ModuleFiles(BUILDPACK)
  for (let index = 0; index < 500_000; index++) files.check({ type: 'file', name: `${index}` })
  expect(() => files.check({ type: 'file', name: 'x' })).toThrow("buildpack 'acme/node' has more than 500000 files")
})
