import { execFileSync } from 'node:child_process'
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readTar } from '../../../src/archive/tar/tar-reader.ts'
import { packTar } from '../../../src/archive/tar/tar-writer.ts'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import type { TemporaryDirectory } from '../../../src/base/files.ts'
import { appEntries, checkApp, type App } from '../../../src/project/app.ts'
import { LINK, zipFile } from '../../support/images/zip-file.ts'

let temporary: TemporaryDirectory
beforeEach(async () => void (temporary = await makeTemporaryDirectory()))
afterEach(async () => temporary[Symbol.asyncDispose]())

async function read(filter: { include?: string[]; exclude?: string[] } = {}, app: App = { path: temporary.path }) {
  const entries = []
  for await (const entry of readTar(packTar(appEntries({ app, root: 'workspace', uid: 1001, gid: 1000, filter })))) {
    entries.push({ ...entry, name: entry.name.toString(), content: (await buffer(entry.content)).toString() })
  }
  return entries
}

describe('appEntries', () => {
  it("returns the app below its root, owned by the build user, with a world-writable root", async () => {
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
  ])('applies the filter %o', async (filter, names) => {
    mkdirSync(`${temporary.path}/node_modules`)
    for (const name of ['index.js', 'a.log', 'node_modules/dep.js']) writeFileSync(`${temporary.path}/${name}`, '')
    expect((await read(filter)).map(({ name }) => name)).toEqual(names)
  })
})

describe('a zip archive', () => {
  const files = [
    { name: 'run', content: '#!/bin/sh\n', mode: 0o100755 },
    { name: 'd/é', content: 'x', mode: 0o100644 },
    { name: 'd/', mode: 0o040750 },
    { name: 'link', content: 'd/é', mode: LINK },
    { name: 'a.log', content: '', mode: 0o100600 },
  ]

  it.each([{}, { exclude: ['*.log', '/d/'] }, { include: ['/d'] }])('has the same entries as its extracted directory, with %o', async (filter) => {
    const unpacked = `${temporary.path}/unpacked`
    mkdirSync(`${unpacked}/d`, { recursive: true })
    for (const { name, content, mode } of files) {
      if (content === undefined) chmodSync(`${unpacked}/${name}`, mode & 0o7777)
      else if (mode === LINK) symlinkSync(content, `${unpacked}/${name}`)
      else {
        writeFileSync(`${unpacked}/${name}`, content)
        chmodSync(`${unpacked}/${name}`, mode & 0o7777)
      }
    }
    // The file name does not matter.
    const archive = `${temporary.path}/app.war`
    writeFileSync(archive, zipFile(files))
    const withoutTime = async (path: string) => (await read(filter, await checkApp(path))).map((entry) => ({ ...entry, mtime: 0 }))
    expect(await withoutTime(archive)).toEqual(await withoutTime(unpacked))
  })

  it('is read again each time, and must still be a zip archive', async () => {
    const path = `${temporary.path}/app.zip`
    writeFileSync(path, zipFile(files))
    const app = await checkApp(path)
    writeFileSync(path, 'x')
    await expect(read({}, app)).rejects.toMatchObject({ code: 'CNB_APP_CHANGED' })
  })

  it('may contain a project.toml, a file of at most 1 MiB', async () => {
    const path = `${temporary.path}/app.zip`
    const tomlOf = async (...entries: Parameters<typeof zipFile>[0]) => {
      writeFileSync(path, zipFile(entries))
      return (await checkApp(path)).archive?.projectToml
    }
    expect(await tomlOf()).toBeUndefined()
    expect(await tomlOf({ name: 'project.toml', content: '[_]\n' })).toBe('[_]\n')
    await expect(tomlOf({ name: 'project.toml', content: 'x', mode: LINK })).rejects.toMatchObject({ code: 'CNB_APP_INVALID', message: expect.stringContaining('which is a symlink, not a file') as string })
    await expect(tomlOf({ name: 'project.toml', content: '#'.repeat(1024 * 1024 + 1) })).rejects.toMatchObject({ code: 'CNB_APP_INVALID', message: expect.stringContaining('larger than') as string })
  })
})

describe('checkApp', () => {
  it('resolves a link to a directory', async () => {
    mkdirSync(`${temporary.path}/app`)
    symlinkSync('app', `${temporary.path}/link`)
    expect(await checkApp(`${temporary.path}/link`)).toEqual(await checkApp(`${temporary.path}/app`))
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
      'the beginning of a zip archive',
      (path) => writeFileSync(path, 'PK\x03\x04....', 'latin1'),
      { code: 'CNB_APP_INVALID', message: expect.stringContaining('neither a directory nor a complete zip archive') },
    ],
    [
      'an archive with a name that leads out',
      (path) => writeFileSync(path, zipFile([{ name: '../x' }])),
      { code: 'CNB_APP_INVALID', hint: expect.stringContaining('Extract') },
    ],
  ])('rejects %s', async (_, make, expected) => {
    const path = `${temporary.path}/app`
    make(path)
    await expect(checkApp(path)).rejects.toMatchObject({ ...expected, message: expect.stringContaining(path) })
  })
})
