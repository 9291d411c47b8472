import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readTar } from '../../../src/archive/tar-reader.ts'
import { packTar } from '../../../src/archive/tar-writer.ts'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import type { TemporaryDirectory } from '../../../src/base/files.ts'
import { appEntries, checkApp } from '../../../src/project/app.ts'

let temporary: TemporaryDirectory
beforeEach(async () => void (temporary = await makeTemporaryDirectory()))
afterEach(async () => temporary[Symbol.asyncDispose]())

async function read(filter: { include?: string[]; exclude?: string[] } = {}) {
  const entries = []
  for await (const entry of readTar(packTar(appEntries({ path: temporary.path, root: 'workspace', uid: 1001, gid: 1000, filter })))) {
    entries.push({ ...entry, name: entry.name.toString(), content: (await buffer(entry.content)).toString() })
  }
  return entries
}

describe('appEntries', () => {
  it("gives the app below its root, the build user's, the root itself open to all", async () => {
    writeFileSync(`${temporary.path}/run`, '#!/bin/sh\n', { mode: 0o755 })
    linkSync(`${temporary.path}/run`, `${temporary.path}/start`)
    symlinkSync('/etc/passwd', `${temporary.path}/out`)
    const owner = { uid: 1001, gid: 1000 }
    expect(await read()).toMatchObject([
      { type: 'directory', name: 'workspace', mode: 0o777, ...owner },
      { type: 'symlink', name: 'workspace/out', linkname: Buffer.from('/etc/passwd'), ...owner },
      { type: 'file', name: 'workspace/run', mode: 0o755, content: '#!/bin/sh\n', ...owner },
      { type: 'link', name: 'workspace/start', linkname: Buffer.from('workspace/run'), ...owner },
    ])
  })

  it.each([
    [{ exclude: ['node_modules/', '*.log'] }, ['workspace', 'workspace/index.js']],
    [{ include: ['dep.js'] }, ['workspace', 'workspace/node_modules', 'workspace/node_modules/dep.js']],
    [
      { include: [], exclude: [] },
      ['workspace', 'workspace/a.log', 'workspace/index.js', 'workspace/node_modules', 'workspace/node_modules/dep.js'],
    ],
  ])('leaves out what %o says', async (filter, names) => {
    mkdirSync(`${temporary.path}/node_modules`)
    for (const name of ['index.js', 'a.log', 'node_modules/dep.js']) writeFileSync(`${temporary.path}/${name}`, '')
    expect((await read(filter)).map(({ name }) => name)).toEqual(names)
  })
})

describe('checkApp', () => {
  it('gives the directory that a link leads to', async () => {
    mkdirSync(`${temporary.path}/app`)
    symlinkSync('app', `${temporary.path}/link`)
    expect(await checkApp(`${temporary.path}/link`)).toBe(await checkApp(`${temporary.path}/app`))
  })

  it.each<[string, (path: string) => void, object]>([
    ['nothing', () => {}, { code: 'CNB_APP_INVALID', message: expect.stringContaining('no such file') }],
    ['a file', (path) => writeFileSync(path, 'x'), { code: 'CNB_APP_INVALID', message: expect.stringContaining('is not a directory') }],
    [
      'a FIFO',
      (path) => execFileSync('mkfifo', [path]),
      { code: 'CNB_APP_INVALID', message: expect.stringContaining('is not a directory') },
    ],
    [
      'a zip archive',
      (path) => writeFileSync(path, 'PK\x03\x04....', 'latin1'),
      { code: 'CNB_UNSUPPORTED', hint: expect.stringContaining('Unpack') },
    ],
  ])('refuses %s', async (_, make, expected) => {
    const path = `${temporary.path}/app`
    make(path)
    await expect(checkApp(path)).rejects.toMatchObject({ ...expected, message: expect.stringContaining(path) })
  })
})
