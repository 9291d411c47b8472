import { execFileSync } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { stringifyToml } from '../../../../src/formats/toml.ts'
import { readConfig } from '../../../../src/operations/config/config-file.ts'
import { parseConfig } from '../../../../src/operations/config/config.ts'
import { readRegistrySettings } from '../../../../src/operations/config/registry-settings.ts'
import { containing } from '../../../support/matching.ts'

const EMPTY = { runImages: [], trustedBuilders: [], registryMirrors: {}, registries: [] }

let directory: TemporaryDirectory
beforeEach(async () => void (directory = await makeTemporaryDirectory()))
afterEach(() => directory[Symbol.asyncDispose]())

const write = async (file: string, text: string): Promise<string> => {
  const path = join(directory.path, file)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  return path
}
const builder = (name: string): string => `default-builder-image = "${name}"`
const host = (env: Record<string, string> = {}) => ({ env, home: directory.path, cwd: '/' })

describe('readConfig', () => {
  test('returns an empty configuration without a file', async () => {
    expect(await readConfig(host())).toEqual(EMPTY)
  })

  test("prefers cnb's file to pack's, and the directories of CNB_HOME and PACK_HOME to the defaults", async () => {
    await write('.pack/config.toml', builder('home-pack'))
    expect((await readConfig(host())).defaultBuilder).toBe('home-pack')
    await write('pack/config.toml', builder('pack'))
    const PACK_HOME = join(directory.path, 'pack')
    expect((await readConfig(host({ PACK_HOME }))).defaultBuilder).toBe('pack')
    await write('.cnb/config.toml', builder('home-cnb'))
    expect((await readConfig(host({ PACK_HOME }))).defaultBuilder).toBe('home-cnb')
    await write('cnb/config.toml', builder('cnb'))
    expect((await readConfig(host({ PACK_HOME, CNB_HOME: join(directory.path, 'cnb') }))).defaultBuilder).toBe('cnb')
    expect((await readConfig(host({ PACK_HOME, CNB_HOME: join(directory.path, 'none') }))).defaultBuilder).toBe('pack')
  })

  test('reports the path of the file as a debug event', async () => {
    const path = await write('.cnb/config.toml', '')
    const events: unknown[] = []
    await readConfig(host(), { events: (event) => events.push(event) })
    expect(events).toEqual([{ type: 'debug', message: `using the configuration file ${path}` }])
  })

  test('accepts keys in another case with a warning, and does not change the case of names', async () => {
    const path = await write('.cnb/config.toml', 'Default-Builder-Image = "a"\n[Registry-Mirrors]\n"Reg.example" = "m1.example"\n"reg.example" = "m2.example"\n')
    const warnings: string[] = []
    const config = await readConfig(host(), { events: (event) => event.type === 'warning' && warnings.push(event.message) })
    expect(config).toEqual({ ...EMPTY, defaultBuilder: 'a', registryMirrors: { 'Reg.example': ['m1.example'], 'reg.example': ['m2.example'] } })
    expect(warnings).toEqual([
      `${path}:1: write the key 'Default-Builder-Image' as 'default-builder-image'`,
      `${path}:2: write the key 'Registry-Mirrors' as 'registry-mirrors'`,
    ])
  })

  test('refuses a pipe without waiting for it', async () => {
    await mkdir(join(directory.path, '.cnb'))
    execFileSync('mkfifo', [join(directory.path, '.cnb/config.toml')])
    await expect(readConfig(host())).rejects.toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID', message: containing('is a pipe, not a file') })
  })

  test('throws for an unreadable file and a file that is too large', async () => {
    await mkdir(join(directory.path, '.cnb'))
    await symlink('config.toml', join(directory.path, '.cnb/config.toml'))
    await expect(readConfig(host())).rejects.toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID', position: { file: join(directory.path, '.cnb/config.toml') } })
    await write('cnb/config.toml', '#'.repeat(1024 * 1024 + 1))
    await expect(readConfig(host({ CNB_HOME: join(directory.path, 'cnb') }))).rejects.toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID', message: containing('1 MiB') })
  })
})

describe('parseConfig', () => {
  const parse = (text: string, events?: unknown[]) => parseConfig(text, 'config.toml', events ? { events: (event) => events.push(event) } : {})

  test("reads all keys of pack's configuration", () => {
    const events: unknown[] = []
    const config = parse(
      `default-registry-url = ""
       default-registry = "official"
       default-builder-image = "my/builder:1"
       pull-policy = "if-not-present"
       experimental = true
       lifecycle-image = "x"
       layout-repo-dir = "y"
       [[run-images]]
       image = "my/run"
       mirrors = ["a.example/run", "b.example/run:2"]
       [[trusted-builders]]
       name = "my/builder"
       [[registries]]
       name = "r"
       type = "github"
       url = "u"
       [registry-mirrors]
       "index.docker.io" = "mirror.example/hub"
       "*" = ["one.example", "https://two.example:5000"]`,
      events,
    )
    expect(config).toEqual({
      defaultBuilder: 'my/builder:1',
      pullPolicy: 'if-not-present',
      runImages: [{ image: 'my/run', mirrors: ['a.example/run', 'b.example/run:2'] }],
      trustedBuilders: ['my/builder'],
      registryMirrors: { 'index.docker.io': ['mirror.example/hub'], '*': ['one.example', 'https://two.example:5000'] },
      lifecycleImage: 'x',
      defaultRegistry: 'official',
      registries: [{ name: 'r', type: 'github', url: 'u' }],
    })
    expect(events).toEqual([])
  })

  test('treats empty values as unset, as pack writes them', () => {
    expect(parse('')).toEqual(EMPTY)
    expect(parse('default-builder-image = ""\npull-policy = ""\n[[run-images]]\nimage = ""\nmirrors = [""]\n[[trusted-builders]]\nname = ""')).toEqual(EMPTY)
  })

  test.each([['20g', 20 * 1024 ** 3], ['1.5m', 1.5 * 1024 ** 2], ['0', 0]])('reads the cache size %s', (text, bytes) => {
    expect(parse(`cache-size = "${text}"`).cacheSize).toBe(bytes)
  })

  test('ignores unknown keys, and reports them as debug events', () => {
    const events: { type: string; message: string }[] = []
    expect(parse('colour = "red"\n[[run-images]]\nimage = "a"\nmiror = 1\n[[trusted-builders]]\nnam = "b"', events as unknown[])).toEqual({ ...EMPTY, runImages: [{ image: 'a', mirrors: [] }] })
    expect(events.map(({ type }) => type)).toEqual(['debug', 'debug', 'debug'])
    expect(events.map(({ message }) => /'(.*?)'/.exec(message)?.[1])).toEqual(['run-images[0].miror', 'trusted-builders[0].nam', 'colour'])
  })

  test.each([
    ['invalid TOML', 'a = ', 1, 5],
    ['a cache size without a number', 'cache-size = "much"', 1, 1],
    ['a builder that is not a string', '\ndefault-builder-image = 1', 2, 1],
    ['a builder that is not an image name', '# x\n  default-builder-image = "No Image"', 2, 3],
    ['an unknown pull policy', 'pull-policy = "sometimes"', 1, 1],
    ['a pull policy with an interval', 'pull-policy = "interval=2d3h"', 1, 1],
    ['run images that are not a list', 'run-images = "x"', 1, 1],
    ['an invalid run image', '[[run-images]]\nimage = "a"\n[[run-images]]\nimage = "B"', 4, 1],
    ['a mirror that is not an image name', '[[run-images]]\nimage = "a"\nmirrors = ["b", "C"]', 3, 1],
    ['a trusted builder that is not an image name', '[[trusted-builders]]\nname = "?"', 2, 1],
    ['registry mirrors that are not a table', 'registry-mirrors = ["x"]', 1, 1],
    ['a registry mirror that is not a host', '[registry-mirrors]\n"docker.io" = "not a host"', 2, 1],
    ['a registry that is not a host', '[registry-mirrors]\n\nplain = "a.example"', 3, 1],
    ['a registry mirror that is a number', '[registry-mirrors]\n"a.example" = 1', 2, 1],
  ])('throws for %s, with its position', (_, text, line, column) => {
    let error: unknown
    try {
      parse(text)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID', position: { file: 'config.toml', line, column } })
  })

  test('reads any document or throws with a position', () => {
    const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string()), fc.array(fc.dictionary(fc.constantFrom('image', 'mirrors', 'name'), fc.oneof(fc.string(), fc.array(fc.string())))))
    const key = fc.constantFrom('default-builder-image', 'pull-policy', 'run-images', 'trusted-builders', 'registry-mirrors', 'other')
    fc.assert(
      fc.property(fc.dictionary(key, fc.oneof(value, fc.dictionary(fc.string(), value))), (document) => {
        try {
          const { runImages, trustedBuilders } = parse(stringifyToml(document))
          expect([...runImages, ...trustedBuilders].every(Boolean)).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(CnbError)
          expect(error).toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID', position: { file: 'config.toml' } })
        }
      }),
    )
  })
})

describe('readRegistrySettings', () => {
  const settings = async (registryMirrors?: string[]) => (await readRegistrySettings({ registryMirrors }, host())).mirrors

  test('uses the file for registries without a flag', async () => {
    await write('.cnb/config.toml', '[registry-mirrors]\n"docker.io" = "a.example"\n"*" = "b.example"')
    expect(await settings()).toEqual({ 'docker.io': ['a.example'], '*': ['b.example'] })
    expect(await settings(['docker.io=c.example', 'd.example=e.example'])).toEqual({ 'docker.io': ['c.example'], 'd.example': ['e.example'], '*': ['b.example'] })
  })

  test('ignores the file if a flag has a mirror for all registries', async () => {
    await write('.cnb/config.toml', '[registry-mirrors]\n"docker.io" = "a.example"')
    expect(await settings(['*=c.example'])).toEqual({ '*': ['c.example'] })
  })

  test('puts mirrors of the file after those of flags, in any spelling of the registry', async () => {
    await write('.cnb/config.toml', '[registry-mirrors]\n"index.docker.io" = "a.example"')
    expect(Object.keys(await settings(['docker.io=c.example']))).toEqual(['docker.io', 'index.docker.io'])
  })
})
