/** The digest of an app: it covers the app's tar, without times and owners. */

import { execFileSync } from 'node:child_process'
import { chmod, link, mkdir, open, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import { type AppDigest, digestApp } from '../../../src/project/app-digest.ts'
import type { FileFilter } from '../../../src/project/app.ts'
import { readStatus } from '../../../src/project/app-status.ts'
import { writeFiles } from '../../support/workbench.ts'

let app: string
let cacheFile: string
beforeEach(async () => {
  const scratch = await makeTemporaryDirectory('cnb-test-')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  app = join(scratch.path, 'app')
  cacheFile = join(scratch.path, 'cache')
  await mkdir(app)
  await writeFiles(app, { 'src/a.js': 'a', 'src/b.js': 'b', 'log/today.log': 'log' })
  // Old enough for the cache: only files with a change time in the past count, which no program can set.
  await utimes(join(app, 'src/a.js'), 1000, 1000)
})

const digest = (filter: FileFilter = {}): Promise<AppDigest> => digestApp({ app: { path: app }, filter, cacheFile })

describe('the digest of an app', () => {
  test('is the same for the same files', async () => {
    expect(await digest()).toEqual(await digest())
  })

  test.each<[string, () => Promise<unknown>]>([
    ['content of the same length', () => writeFile(join(app, 'src/a.js'), 'x')],
    ['a mode', () => chmod(join(app, 'src/a.js'), 0o755)],
    ['the mode of a directory', () => chmod(join(app, 'src'), 0o700)],
    ['a name', () => rename(join(app, 'src/a.js'), join(app, 'src/aa.js'))],
    ['a name that is not UTF-8', () => open(Buffer.concat([Buffer.from(`${app}/`), Buffer.from([0xff])]), 'w').then((handle) => handle.close())],
    ['an empty directory', () => mkdir(join(app, 'empty'))],
    ['a link in place of a file', async () => [await rm(join(app, 'src/b.js')), await symlink('a.js', join(app, 'src/b.js'))]],
    ['a hard link in place of a file', async () => [await writeFile(join(app, 'src/b.js'), 'a'), await rm(join(app, 'src/b.js')), await link(join(app, 'src/a.js'), join(app, 'src/b.js'))]],
    ['contents that are exchanged', async () => [await writeFile(join(app, 'src/a.js'), 'b'), await writeFile(join(app, 'src/b.js'), 'a')]],
  ])('depends on %s', async (_, change) => {
    const before = await digest()
    await change()
    expect((await digest()).content).not.toBe(before.content)
  })

  test('depends on the target of a link', async () => {
    await symlink('a', join(app, 'link'))
    const before = await digest()
    await rm(join(app, 'link'))
    await symlink('b', join(app, 'link'))
    expect((await digest()).content).not.toBe(before.content)
  })

  test('does not depend on times, but its status does', async () => {
    const before = await digest()
    await utimes(join(app, 'src/a.js'), 2000, 2000)
    const after = await digest()
    expect(after.content).toBe(before.content)
    expect(after.status).not.toBe(before.status)
  })

  test('covers only files that the filter includes', async () => {
    const filters = [{ exclude: ['*.log', 'log/'] }, { include: ['src/'] }]
    const before = await Promise.all(filters.map(digest))
    await writeFile(join(app, 'log/today.log'), 'more')
    expect(await Promise.all(filters.map(async (filter) => (await digest(filter)).content))).toEqual(before.map(({ content }) => content))
    await writeFile(join(app, 'src/a.js'), 'x')
    for (const [index, filter] of filters.entries()) expect((await digest(filter)).content).not.toBe(before[index]!.content)
  })

  test.each<FileFilter>([{}, { exclude: ['*.log', 'empty/'] }, { include: ['src/a.js', 'empty/', 'pipe'] }])('has the status of a walk without reading, with %o', async (filter) => {
    await mkdir(join(app, 'empty'))
    await mkdir(join(app, 'none'))
    await symlink('a', join(app, 'link'))
    await link(join(app, 'src/a.js'), join(app, 'src/linked'))
    execFileSync('mkfifo', [join(app, 'pipe')])
    await writeFile(Buffer.concat([Buffer.from(`${app}/`), Buffer.from([0xff])]), 'x')
    await using server = createServer().listen(join(app, 'socket'))
    expect(server.listening).toBe(true)
    expect((await digest(filter)).status).toBe((await readStatus(app, filter, {})).status)
  })

  test('covers all chunks of a large file', async () => {
    const content = Buffer.alloc(3 * 1024 * 1024 + 5, 1)
    await writeFile(join(app, 'large'), content)
    const before = await digest()
    for (const at of [0, 1024 * 1024, content.length - 1]) {
      await writeFile(join(app, 'large'), Buffer.from(content).fill(2, at, at + 1))
      expect((await digest()).content).not.toBe(before.content)
    }
    await writeFile(join(app, 'large'), content)
    expect((await digest()).content).toBe(before.content)
  })
})
