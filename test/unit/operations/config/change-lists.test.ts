import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { makeTemporaryDirectory } from '../../../../src/base/files.ts'
import { addRunImageMirrors, addTrustedBuilder, listTrustedBuilders, removeRegistryMirror, removeRunImageMirrors, removeTrustedBuilder, setRegistryMirror } from '../../../../src/operations/config/change-lists.ts'
import { changeSetting, readSetting } from '../../../../src/operations/config/change-settings.ts'
import { readConfig } from '../../../../src/operations/config/config-file.ts'

let host: { env: Record<string, string>; cwd: string; home: string }
let file = ''

beforeEach(async () => {
  const directory = await makeTemporaryDirectory()
  onTestFinished(() => directory[Symbol.asyncDispose]())
  host = { env: { CNB_HOME: directory.path }, cwd: '/', home: '/nonexistent' }
  file = join(directory.path, 'config.toml')
})

describe('a setting', () => {
  it('is written, replaced and removed, and the rest of the file stays', async () => {
    await writeFile(file, '# mine\nother = 1 # kept\n')
    await changeSetting('default-builder-image', 'some/builder', host, {})
    await changeSetting('default-builder-image', 'some/other', host, {})
    expect(await readFile(file, 'utf8')).toBe('# mine\nother = 1 # kept\ndefault-builder-image = "some/other"\n')
    expect(await readSetting('default-builder-image', host, {})).toBe('some/other')
    await changeSetting('default-builder-image', undefined, host, {})
    expect(await readFile(file, 'utf8')).toBe('# mine\nother = 1 # kept\n')
  })

  it('is checked before the file is written', async () => {
    await expect(changeSetting('pull-policy', 'daily', host, {})).rejects.toMatchObject({ code: 'CNB_USAGE' })
    await expect(changeSetting('lifecycle-image', 'UPPER', host, {})).rejects.toMatchObject({ code: 'CNB_REFERENCE_INVALID' })
    await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('a list of trusted builders', () => {
  it('contains each builder once, until it is removed', async () => {
    expect(await addTrustedBuilder('some/builder', host, {})).toBe(true)
    expect(await addTrustedBuilder('some/builder', host, {})).toBe(false)
    expect(await addTrustedBuilder('heroku/builder:24', host, {})).toBe(false)
    expect(await listTrustedBuilders(host, {})).toEqual(expect.arrayContaining(['heroku/builder:24', 'some/builder']))
    expect([await removeTrustedBuilder('some/builder', host, {}), await removeTrustedBuilder('some/builder', host, {})]).toEqual([true, false])
    expect((await readConfig(host)).trustedBuilders).toEqual([])
  })
})

describe('a list of mirrors of a run image', () => {
  it('stays sorted without duplicates, and loses one mirror or all', async () => {
    await addRunImageMirrors('some/run', ['b.example/run', 'a.example/run'], host, {})
    await addRunImageMirrors('some/run', ['c.example/run', 'a.example/run'], host, {})
    expect((await readConfig(host)).runImages).toEqual([{ image: 'some/run', mirrors: ['a.example/run', 'b.example/run', 'c.example/run'] }])
    expect(await removeRunImageMirrors('some/run', ['b.example/run'], host, {})).toBe(true)
    expect((await readConfig(host)).runImages).toEqual([{ image: 'some/run', mirrors: ['a.example/run', 'c.example/run'] }])
    expect(await removeRunImageMirrors('some/run', [], host, {})).toBe(true)
    expect(await removeRunImageMirrors('some/run', [], host, {})).toBe(false)
    expect((await readConfig(host)).runImages).toEqual([])
  })
})

describe('the mirror of a registry', () => {
  it('is set and removed', async () => {
    await setRegistryMirror('docker.io', 'mirror.example/hub', host, {})
    await setRegistryMirror('*', 'mirror.example', host, {})
    expect((await readConfig(host)).registryMirrors).toEqual({ 'docker.io': ['mirror.example/hub'], '*': ['mirror.example'] })
    expect([await removeRegistryMirror('docker.io', host, {}), await removeRegistryMirror('docker.io', host, {})]).toEqual([true, false])
    expect((await readConfig(host)).registryMirrors).toEqual({ '*': ['mirror.example'] })
  })
})
