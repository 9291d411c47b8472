import { lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { editConfig } from '../../../../src/operations/config/edit-config.ts'
import { containing } from '../../../support/matching.ts'

let home: TemporaryDirectory
beforeEach(async () => void (home = await makeTemporaryDirectory()))
afterEach(() => home[Symbol.asyncDispose]())

const host = (env: Record<string, string> = {}) => ({ env, home: home.path })
const own = (): string => join(home.path, '.cnb/config.toml')
const write = async (path: string, text: string, mode = 0o644): Promise<void> => {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text, { mode })
}

describe('editConfig', () => {
  test('creates the file in CNB_HOME for its owner only', async () => {
    const env = { CNB_HOME: join(home.path, 'own') }
    const { file, result } = await editConfig(host(env), (document) => {
      document.set(['pull-policy'], 'never')
      return 'done'
    })
    expect([file, result]).toEqual([join(home.path, 'own/config.toml'), 'done'])
    expect(await readFile(file, 'utf8')).toBe('pull-policy = "never"\n')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  test("changes pack's file if it is the one in use, and leaves no other file", async () => {
    const file = join(home.path, '.pack/config.toml')
    await write(file, '# of pack\nexperimental = true\n')
    expect((await editConfig(host(), (document) => document.set(['pull-policy'], 'never'))).file).toBe(file)
    expect(await readFile(file, 'utf8')).toBe('# of pack\nexperimental = true\npull-policy = "never"\n')
    expect(await readdir(dirname(file))).toEqual(['config.toml'])
  })

  test('keeps a link to the file, and the mode of the file', async () => {
    const dotfiles = join(home.path, 'dotfiles/cnb.toml')
    await write(dotfiles, '', 0o640)
    await mkdir(dirname(own()))
    await symlink(dotfiles, own())
    await editConfig(host(), (document) => document.set(['pull-policy'], 'never'))
    expect((await lstat(own())).isSymbolicLink()).toBe(true)
    expect(await readFile(dotfiles, 'utf8')).toBe('pull-policy = "never"\n')
    expect((await stat(dotfiles)).mode & 0o777).toBe(0o640)
  })

  test('does not write without a difference', async () => {
    await editConfig(host(), (document) => document.unset(['pull-policy']))
    expect(await readdir(home.path)).toEqual([])
  })

  test('refuses a change that cnb could not read afterwards, and leaves the file as it was', async () => {
    await write(own(), '# mine\n')
    await expect(editConfig(host(), (document) => document.set(['pull-policy'], 'daily'))).rejects.toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID' })
    expect(await readFile(own(), 'utf8')).toBe('# mine\n')
  })

  test('reports a file that it cannot write', async () => {
    await write(join(home.path, 'file'), '')
    const env = { CNB_HOME: join(home.path, 'file/below') }
    await expect(editConfig(host(env), (document) => document.set(['pull-policy'], 'never'))).rejects.toMatchObject({
      code: 'CNB_OUTPUT',
      message: containing(`cannot write the configuration file ${join(home.path, 'file/below/config.toml')}`),
    })
  })
})
