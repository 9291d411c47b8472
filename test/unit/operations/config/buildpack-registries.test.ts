import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { addRegistry, findRegistry, listRegistries, removeRegistry, setDefaultRegistry, unsetDefaultRegistry } from '../../../../src/operations/config/buildpack-registries.ts'

const OFFICIAL = { name: 'official', type: 'github', url: 'https://github.com/buildpacks/registry-index' }
const MINE = { name: 'mine', type: 'git', url: 'https://git.example/index' }

let home: TemporaryDirectory
beforeEach(async () => void (home = await makeTemporaryDirectory()))
afterEach(() => home[Symbol.asyncDispose]())

const host = () => ({ env: {}, home: home.path, cwd: home.path })
const file = (): string => join(home.path, '.cnb/config.toml')
const text = (): Promise<string> => readFile(file(), 'utf8')
const write = async (content: string): Promise<void> => {
  await mkdir(dirname(file()), { recursive: true })
  await writeFile(file(), content)
}
const names = async (): Promise<string[]> => (await listRegistries(host(), {})).map((registry) => `${registry.name}${registry.default ? '*' : ''}`)

describe('the buildpack registries of the configuration file', () => {
  test('changes the file as pack does, and keeps its comments', async () => {
    expect(await names()).toEqual(['official*'])
    await write('# mine\nexperimental = true # of pack\n')
    await addRegistry(MINE, false, host(), {})
    await addRegistry({ ...MINE, name: 'other', type: 'github' }, true, host(), {})
    expect(await names()).toEqual(['mine', 'other*', 'official'])
    const url = 'url = "https://git.example/index"'
    expect(await text()).toBe(
      `# mine\nexperimental = true # of pack\ndefault-registry = "other"\n\n[[registries]]\nname = "mine"\ntype = "git"\n${url}\n\n[[registries]]\nname = "other"\ntype = "github"\n${url}\n`,
    )
    await setDefaultRegistry('mine', host(), {})
    await removeRegistry('mine', host(), {})
    expect(await names()).toEqual(['other', 'official*'])
    expect(await text()).toContain('# mine\nexperimental = true # of pack\ndefault-registry = "official"\n')
  })

  test('shows no user and password of an address', async () => {
    const secret = { ...MINE, url: 'https://me:secret@git.example/index' }
    expect(await addRegistry(secret, false, host(), {})).toMatchObject(MINE)
    expect(await listRegistries(host(), {})).toMatchObject([MINE, OFFICIAL])
    expect(await text()).toContain(secret.url)
  })

  test('returns to the official default', async () => {
    await addRegistry(MINE, true, host(), {})
    expect(await unsetDefaultRegistry(host(), {})).toBe('mine')
    expect(await text()).not.toContain('default-registry')
    await expect(unsetDefaultRegistry(host(), {})).rejects.toMatchObject({ code: 'CNB_USAGE' })
    await setDefaultRegistry('official', host(), {})
    await expect(unsetDefaultRegistry(host(), {})).rejects.toMatchObject({ code: 'CNB_USAGE' })
  })

  test.each<[string, () => Promise<unknown>, RegExp]>([
    ['a name that is taken', () => addRegistry(MINE, false, host(), {}), /'mine' already exists/],
    ['the name of the official registry', () => addRegistry({ ...MINE, name: 'official' }, false, host(), {}), /'official' already exists/],
    ['an empty name', () => addRegistry({ ...MINE, name: ' ' }, false, host(), {}), /is empty/],
    ['an unknown type', () => addRegistry({ ...MINE, name: 'x', type: 'svn' }, false, host(), {}), /'svn' is not a type/],
    ['an address that runs a command', () => addRegistry({ ...MINE, name: 'x', url: 'ext::sh' }, false, host(), {}), /cannot use 'ext::sh'/],
    ['an address with control characters', () => addRegistry({ ...MINE, name: 'x', url: 'https://x\u001b[31m/' }, false, host(), {}), /contains control characters/],
    ['the removal of an unknown registry', () => removeRegistry('none', host(), {}), /'none' does not exist/],
    ['the removal of the official registry', () => removeRegistry('official', host(), {}), /it is built in/],
    ['an unknown default', () => setDefaultRegistry('none', host(), {}), /no buildpack registry 'none'/],
  ])('refuses %s, and leaves the file as it was', async (_title, change, message) => {
    await addRegistry(MINE, false, host(), {})
    const before = await text()
    await expect(change()).rejects.toMatchObject({ code: 'CNB_USAGE', message: expect.stringMatching(message) as string })
    expect(await text()).toBe(before)
  })
})

describe('findRegistry', () => {
  test('returns the registry with the name, else the default, else the official registry', () => {
    const config = { registries: [MINE] }
    expect(findRegistry(config, undefined)).toMatchObject(OFFICIAL)
    expect(findRegistry(config, 'mine')).toMatchObject(MINE)
    expect(findRegistry({ ...config, defaultRegistry: 'mine' }, undefined)).toMatchObject(MINE)
    expect(findRegistry({ ...config, defaultRegistry: 'mine' }, 'official')).toMatchObject(OFFICIAL)
  })

  test.each([['none', undefined], [undefined, 'gone']])('throws for the name %j and the default %j', (name, defaultRegistry) => {
    expect(() => findRegistry({ registries: [MINE], defaultRegistry }, name)).toThrow(expect.objectContaining({ code: 'CNB_USAGE' }) as Error)
  })
})
