import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../src/base/files.ts'
import type { CnbEvent } from '../../../src/base/events.ts'
import { readLifecycle } from '../../../src/builder/lifecycle-source.ts'
import { readLifecycleToml } from '../../../src/builder/lifecycle-toml.ts'
import { listLayer, writeTar, type Given } from '../buildpacks/tar-file.ts'
import { LIFECYCLE_TOML, PHASES, writeLifecycle } from './lifecycle-files.ts'

let scratch: TemporaryDirectory
beforeEach(async () => {
  scratch = await makeTemporaryDirectory('cnb-test-')
})
afterEach(() => scratch[Symbol.asyncDispose]())

const LAYER = [
  '755 0:0 315532801 directory /cnb/lifecycle',
  ...['analyzer', 'builder', 'creator', 'detector', 'exporter'].map((name) => `777 0:0 315532801 symlink /cnb/lifecycle/${name} -> lifecycle`),
  '755 0:0 315532801 file /cnb/lifecycle/launcher = "launcher"',
  '755 0:0 315532801 file /cnb/lifecycle/lifecycle = "all phases"',
  '777 0:0 315532801 symlink /cnb/lifecycle/restorer -> lifecycle',
  '644 0:0 315532801 symlink /lifecycle -> /cnb/lifecycle',
]

const RELEASE: Given[] = [
  { name: 'lifecycle.toml', text: LIFECYCLE_TOML },
  { name: 'lifecycle', type: 'directory', mode: 0o755 },
  ...[...PHASES, 'launcher', 'lifecycle'].sort().map((name): Given => {
    const isFile = name === 'launcher' || name === 'lifecycle'
    return isFile
      ? { name: `lifecycle/${name}`, text: name === 'launcher' ? 'launcher' : 'all phases', mode: 0o755 }
      : { name: `lifecycle/${name}`, type: 'symlink', linkname: 'lifecycle' }
  }),
]

describe('readLifecycle', () => {
  test.each(['lifecycle', 'bin', '.'])('reads a directory with the binaries in %s', async (binaries) => {
    const lifecycle = await readLifecycle(await writeLifecycle(scratch.path, binaries))
    expect(lifecycle).toMatchObject({
      version: '0.21.0',
      apis: { buildpack: { deprecated: ['0.7'], supported: ['0.10', '0.11'] }, platform: { deprecated: [], supported: ['0.14', '0.15'] } },
      api: { buildpack: '0.7', platform: '0.14' },
    })
    expect(await listLayer(lifecycle.layer)).toEqual(LAYER)
  })

  test('creates the same layer from a release archive', async () => {
    const path = await writeTar(join(scratch.path, 'lifecycle.tgz'), RELEASE, gzipSync)
    expect(await listLayer((await readLifecycle(path)).layer)).toEqual(LAYER)
  })

  test('reads an old descriptor with one version of each API', async () => {
    const toml = '[api]\nbuildpack = "0.2"\nplatform = "0.3"\n[lifecycle]\nversion = "0.7.4"\n'
    expect(await readLifecycle(await writeLifecycle(scratch.path, 'lifecycle', toml))).toMatchObject({
      apis: { buildpack: { deprecated: [], supported: ['0.2'] }, platform: { deprecated: [], supported: ['0.3'] } },
      api: { buildpack: '0.2', platform: '0.3' },
    })
  })

  test('accepts keys in any case, and warns with the correct spelling', () => {
    const warnings: string[] = []
    const text = '[Lifecycle]\nversion = "1"\n[apis.Buildpack]\nsupported = ["0.11"]\n[apis.platform]\nsupported = ["0.15"]\n'
    const context = { events: (event: CnbEvent) => event.type === 'warning' && warnings.push(event.message) }
    expect(readLifecycleToml(text, 'lifecycle.toml', context)).toMatchObject({ version: '1', apis: { buildpack: { supported: ['0.11'] } } })
    expect(warnings).toEqual([
      "lifecycle.toml:1: write the key 'Lifecycle' as 'lifecycle'",
      "lifecycle.toml:3: write the key 'Buildpack' as 'buildpack'",
    ])
  })

  test('lists the missing binaries', async () => {
    await writeLifecycle(scratch.path)
    await rm(join(scratch.path, 'lifecycle/creator'))
    await rm(join(scratch.path, 'lifecycle/launcher'))
    await expect(readLifecycle(scratch.path)).rejects.toMatchObject({
      code: 'CNB_LIFECYCLE_INVALID',
      message: expect.stringMatching(/lacks creator, launcher$/) as string,
    })
  })

  test.each([
    ['an empty directory', async () => {}, 'CNB_LIFECYCLE_INVALID', /no lifecycle.toml/],
    ['a link out of the directory', async (path: string) => {
      await writeLifecycle(path)
      await symlink('/bin/sh', join(path, 'lifecycle/extender'))
    }, 'CNB_LIFECYCLE_INVALID', /'lifecycle\/extender' .* link to '\/bin\/sh', outside/],
    ['a descriptor without a version', (path: string) => writeLifecycle(path, 'lifecycle', '[lifecycle]\n'), 'CNB_DESCRIPTOR_INVALID', /'lifecycle.version' is required/],
    ['a descriptor without APIs', (path: string) => writeLifecycle(path, 'lifecycle', '[lifecycle]\nversion = "1"\n'), 'CNB_DESCRIPTOR_INVALID', /the buildpack API is missing/],
    ['an invalid API version', (path: string) => writeLifecycle(path, 'lifecycle', LIFECYCLE_TOML.replace('0.15', 'x')), 'CNB_DESCRIPTOR_INVALID', /'x' is not an API version/],
  ])('rejects %s', async (_, write: (path: string) => Promise<unknown>, code, message) => {
    await mkdir(join(scratch.path, 'l'))
    await write(join(scratch.path, 'l'))
    await expect(readLifecycle(join(scratch.path, 'l'))).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string })
  })

  test('rejects a missing path, and a file that is not an archive', async () => {
    await expect(readLifecycle(join(scratch.path, 'none'))).rejects.toMatchObject({ code: 'CNB_LIFECYCLE_INVALID', message: expect.stringContaining("none'") as string })
    await writeFile(join(scratch.path, 'text.tgz'), 'not a tar '.repeat(100))
    await expect(readLifecycle(join(scratch.path, 'text.tgz'))).rejects.toMatchObject({ code: 'CNB_LIFECYCLE_INVALID' })
  })
})
