import { cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import type { BuildTarget } from '../../../../src/buildpacks/buildpack-descriptor.ts'
import { readModules } from '../../../../src/buildpacks/read.ts'
import { listLayer } from '../tar-file.ts'

const LINUX = { os: 'linux', architecture: 'amd64' }
const TOML = 'api = "0.10"\n[buildpack]\nid = "acme/hello"\nversion = "1"\n'

let scratch: TemporaryDirectory
beforeEach(async () => {
  scratch = await makeTemporaryDirectory('cnb-test-')
  await write('buildpack.toml', TOML)
})
afterEach(() => scratch[Symbol.asyncDispose]())

const at = (path: string): string => join(scratch.path, 'bp', path)

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(at(path)), { recursive: true })
  await writeFile(at(path), text, { mode: 0o755 })
}

async function writeFolder(folder: string): Promise<void> {
  for (const name of ['bin/detect', 'bin/build', 'zlib.txt']) await write(join(folder, name), folder)
}

async function read(target?: BuildTarget, platform = LINUX): Promise<string[]> {
  const { modules } = await readModules(at(''), { kind: 'buildpack', platform, ...(target ? { target } : {}) })
  return (await listLayer(modules[0]!.layer)).slice(2).map((line) => line.split(' ').slice(4).join(' ').replace('/cnb/buildpacks/acme_hello/1/', ''))
}

const filesOf = (folder: string): string[] => [
  'bin',
  `bin/build = "${folder}"`,
  `bin/detect = "${folder}"`,
  `buildpack.toml = ${JSON.stringify(TOML)}`,
  `zlib.txt = "${folder}"`,
]

describe('a directory for several platforms', () => {
  test('has for each target the files of the deepest folder, and the descriptor of the directory', async () => {
    for (const folder of ['linux/amd64', 'linux/arm/v7', 'linux/amd64/debian@12']) await writeFolder(folder)
    expect(await read({ os: 'linux', arch: 'arm', variant: 'v7' })).toEqual(filesOf('linux/arm/v7'))
    expect(await read({ os: 'linux', arch: 'amd64', distros: [{ name: 'debian', version: '12' }] })).toEqual(filesOf('linux/amd64/debian@12'))
    const ubuntu = await read({ os: 'linux', arch: 'amd64', distros: [{ name: 'ubuntu', version: '24.04' }] })
    expect(ubuntu.filter((line) => !line.startsWith('debian@12'))).toEqual(filesOf('linux/amd64'))
  })

  test('has the layer of a directory with these files and the descriptor', async () => {
    await writeFolder('linux/amd64')
    const { modules: [selected] } = await readModules(at(''), { kind: 'buildpack', platform: LINUX, target: { os: 'linux', arch: 'amd64' } })
    await cp(at('linux/amd64'), join(scratch.path, 'single'), { recursive: true })
    await cp(at('buildpack.toml'), join(scratch.path, 'single/buildpack.toml'))
    const { modules: [single] } = await readModules(join(scratch.path, 'single'), { kind: 'buildpack', platform: LINUX })
    // pack copies the descriptor with another mode.
    expect((await listLayer(selected!.layer)).map((line) => line.slice(4))).toEqual((await listLayer(single!.layer)).map((line) => line.slice(4)))
  })

  test('uses its own descriptor instead of the one in a folder', async () => {
    await writeFolder('linux/amd64')
    await write('linux/amd64/buildpack.toml', 'other')
    expect(await read({ os: 'linux', arch: 'amd64' })).toEqual(filesOf('linux/amd64'))
  })

  test('selects by the platform of a build if it has no other files, and only then', async () => {
    await writeFolder('linux/amd64')
    expect(await read()).toEqual(filesOf('linux/amd64'))
    await writeFolder('.')
    expect((await read()).filter((line) => !line.startsWith('linux'))).toEqual(filesOf('.'))
  })

  test('reports the platforms that it has if none fits', async () => {
    await writeFolder('linux/arm64')
    await expect(read()).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID', hint: 'Use one of the platforms that it has files for: linux/arm64.' })
  })

  test('does not leave the directory by a link or a hostile target', async () => {
    await writeFolder('.')
    await mkdir(join(scratch.path, 'outside/amd64'), { recursive: true })
    await symlink('../outside', at('linux'))
    const own = await read({ os: 'linux', arch: 'amd64' })
    expect(own).toEqual([...filesOf('.').slice(0, 4), 'linux -> ../outside', ...filesOf('.').slice(4)])
    await rm(at('linux'))
    expect(await read({ os: '..', arch: 'outside' })).toEqual(filesOf('.'))
    expect(await read({ os: '../outside' })).toEqual(filesOf('.'))
  })
})
