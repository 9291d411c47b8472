import { execFileSync } from 'node:child_process'
import { access, chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { readDescriptor } from '../../../../src/buildpacks/buildpack-descriptor.ts'
import { newModule, type NewModuleOptions } from '../../../../src/operations/packages/new/new-module.ts'

let scratch: TemporaryDirectory
beforeEach(async () => {
  scratch = await makeTemporaryDirectory('cnb-test-')
})
afterEach(() => scratch[Symbol.asyncDispose]())

const create = (options: Partial<NewModuleOptions> = {}, signal?: AbortSignal) =>
  newModule({ kind: 'buildpack', id: 'acme/hello', ...options }, { env: {}, cwd: scratch.path, home: '/nowhere' }, { signal })

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1)).sort()
}

describe.each(['bash', 'go', 'ts'] as const)('writes a buildpack in %s that', (language) => {
  test('has a descriptor, a test, a sample app and a README, all listed in the result', async () => {
    const result = await create({ language })
    expect(result).toMatchObject({ id: 'acme/hello', version: '1.0.0', language, path: join(scratch.path, 'hello') })
    expect(await filesIn(result.path)).toEqual([...result.files].sort())
    expect(result.files).toEqual(expect.arrayContaining(['buildpack.toml', 'test/app/run.sh', 'README.md']))
    const descriptor = readDescriptor(await readFile(join(result.path, 'buildpack.toml'), 'utf8'), 'buildpack.toml', 'buildpack')
    expect(descriptor).toMatchObject({ api: '0.10', info: { id: 'acme/hello', version: '1.0.0' } })
  })

  test('has the version, API and targets of the options', async () => {
    const { path } = await create({ language, version: '0.2.0', api: '0.12', targets: ['linux/arm64:debian@12'], path: 'a/b' })
    expect(path).toBe(join(scratch.path, 'a/b'))
    const descriptor = readDescriptor(await readFile(join(path, 'buildpack.toml'), 'utf8'), 'buildpack.toml', 'buildpack')
    expect(descriptor).toMatchObject({
      api: '0.12',
      info: { version: '0.2.0' },
      targets: [{ os: 'linux', arch: 'arm64', distros: [{ name: 'debian', version: '12' }] }],
    })
  })
})

test('is for Linux without an option, on any machine', async () => {
  const { path } = await create()
  expect(readDescriptor(await readFile(join(path, 'buildpack.toml'), 'utf8'), 'buildpack.toml', 'buildpack').targets).toMatchObject([{ os: 'linux' }])
})

test.each(['buildpack', 'extension'] as const)("passes its own test as a new %s", async (kind) => {
  const { path } = await create({ kind })
  expect(execFileSync(join(path, 'test/test.sh')).toString()).toBe('All tests pass.\n')
})

test('writes a test that fails if the buildpack is wrong', async () => {
  const { path } = await create()
  await writeFile(join(path, 'bin/detect'), '#!/bin/sh\nexit 0\n')
  expect(() => execFileSync(join(path, 'test/test.sh'), { stdio: 'pipe' })).toThrow(/FAILED: detect does not reject an app without run.sh/)
})

test('compiles a new buildpack in Go for each of its platforms', async () => {
  const { path } = await create({ language: 'go', targets: ['linux/amd64:debian@12', 'linux/arm/v7'] })
  expect(await readFile(join(path, 'compile.sh'), 'utf8')).toContain('\ncompile linux amd64\ncompile linux arm\n')
  expect((await stat(join(path, 'compile.sh'))).mode & 0o111).not.toBe(0)
  await expect(create({ language: 'go', targets: ['linux'], path: 'other' })).rejects.toMatchObject({ code: 'CNB_USAGE' })
})

test('names the package file of one target, and those of several, in the README', async () => {
  const readme = async (options: Partial<NewModuleOptions>): Promise<string> => readFile(join((await create(options)).path, 'README.md'), 'utf8')
  expect(await readme({})).toContain('# ../hello.cnb\n')
  expect(await readme({ language: 'go', path: 'other' })).toContain('# ../hello-OS-ARCH.cnb\n')
})

test.each(['a b', 'a/../b', '/a', 'a//b', 'app', 'a_b', ''])('rejects the ID %j', async (id) => {
  await expect(create({ id })).rejects.toMatchObject({ code: 'CNB_USAGE' })
  expect(await readdir(scratch.path)).toEqual([])
})

test('rejects a version that is not a directory name', async () => {
  await expect(create({ version: '1/2' })).rejects.toMatchObject({ code: 'CNB_USAGE' })
})

describe('an existing path', () => {
  test.each(['directory', 'file'])('stays as it is if it is a %s', async (type) => {
    const path = join(scratch.path, 'hello')
    if (type === 'file') await writeFile(path, 'mine')
    else await mkdir(path)
    await expect(create()).rejects.toMatchObject({ code: 'CNB_OUTPUT', message: `cannot create '${path}': it exists` })
    expect(await readdir(scratch.path)).toEqual(['hello'])
    if (type === 'file') expect(await readFile(path, 'utf8')).toBe('mine')
    else expect(await readdir(path)).toEqual([])
  })
})

test('leaves nothing after an interruption', async () => {
  await expect(create({}, AbortSignal.abort())).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  expect(await readdir(scratch.path)).toEqual([])
})

test('reports a directory that cannot be written', async () => {
  await writeFile(join(scratch.path, 'file'), '')
  await expect(create({ path: 'file/hello' })).rejects.toMatchObject({ code: 'CNB_OUTPUT' })
  await chmod(scratch.path, 0o700)
  await expect(access(join(scratch.path, 'file/hello'))).rejects.toThrow()
})
