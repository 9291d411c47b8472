import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../../src/base/files.ts'
import { hasCredentials, warnOfGitCredentials } from '../../../../../src/operations/build/git/git-credentials.ts'
import type { FileFilter } from '../../../../../src/project/app.ts'

const TOKEN = 'ghs_0123456789abcdefghij'
const LEAK = `[remote "origin"]\n\turl = https://x-access-token:${TOKEN}@git.example/acme/web\n`

let directory: TemporaryDirectory
let app = ''
beforeEach(async () => {
  directory = await makeTemporaryDirectory('cnb-test-')
  app = join(await realpath(directory.path), 'app')
  mkdirSync(join(app, '.git'), { recursive: true })
})
afterEach(() => directory[Symbol.asyncDispose]())

async function warnings(filter: FileFilter = {}, config: string = LEAK): Promise<string[]> {
  writeFileSync(join(app, '.git', 'config'), config)
  return warned(filter)
}

async function warned(filter: FileFilter = {}): Promise<string[]> {
  const messages: string[] = []
  await warnOfGitCredentials({ path: app }, filter, { events: (event) => void (event.type === 'warning' && messages.push(event.message)) })
  return messages
}

describe('a git configuration in the app', () => {
  it('causes a warning without the credential if it has one', async () => {
    const [message, ...others] = await warnings()
    expect(message).toMatch(/^the app's \.git\/config has credentials, which will be in the image: exclude '\.git' in project\.toml, or use 'persist-credentials: false'/)
    expect(message).not.toMatch(/token:|ghs_/)
    expect(others).toEqual([])
  })

  it.each([{ exclude: ['.git'] }, { exclude: ['.git/'] }, { exclude: ['/.git/config'] }, { include: ['src'] }])('is not read if the build does not get it: %j', async (filter) => {
    expect(await warnings(filter)).toEqual([])
  })

  it.each([{ exclude: ['*.log'] }, { include: ['.git'] }, { include: ['.git/config'] }])('is read if the build gets it: %j', async (filter) => {
    expect(await warnings(filter)).toHaveLength(1)
  })

  it('is not read through a link, which the image has instead', async () => {
    writeFileSync(join(app, '.git', 'config'), LEAK)
    renameSync(join(app, '.git'), join(app, '..', 'elsewhere'))
    symlinkSync(join(app, '..', 'elsewhere'), join(app, '.git'))
    expect(await warned()).toEqual([])
  })

  it('causes another warning if it is too large to be read', async () => {
    expect(await warnings({}, '#'.repeat(1024 * 1024 + 1))).toEqual([expect.stringMatching(/^cannot search the app's \.git\/config for credentials/)])
  })
})

test.each([
  LEAK,
  `\turl = https://${TOKEN}@git.example/acme/web\n`,
  '[url "http://me:secret@git.example/"]\n\tinsteadOf = https://git.example/\n',
  '[http "https://git.example/"]\n\textraheader = AUTHORIZATION: basic eDp5\n',
  '\tExtraHeader = "Authorization: Bearer abc"\n',
])('finds the credential in %j', (config) => {
  expect(hasCredentials(config)).toBe(true)
})

test.each([
  '',
  '[remote "origin"]\n\turl = https://git.example/acme/web\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n',
  '\turl = git@git.example:acme/web.git\n',
  '\turl = ssh://git@git.example:22/acme/web.git\n',
  '\turl = https://acme@dev.example/acme/_git/web\n',
  '\turl = https://acme:@dev.example/web\n',
  '[http]\n\textraheader = X-Trace: 1\n',
])('finds no credential in %j', (config) => {
  expect(hasCredentials(config)).toBe(false)
})
