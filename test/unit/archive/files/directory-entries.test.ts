import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { directoryEntries } from '../../../../src/archive/files/directory-entries.ts'
import type { DirectoryOptions } from '../../../../src/archive/files/directory-entries.ts'
import { excluding, including } from '../../../../src/archive/ignore-rules.ts'
import { packTar } from '../../../../src/archive/tar/tar-writer.ts'
import type { TarEntry } from '../../../../src/archive/tar/tar-writer.ts'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { CnbError } from '../../../../src/base/errors.ts'
import { makeTemporaryDirectory } from '../../../../src/base/files.ts'
import type { TemporaryDirectory } from '../../../../src/base/files.ts'

let temporary: TemporaryDirectory
let app: string
beforeEach(async () => {
  temporary = await makeTemporaryDirectory()
  app = `${temporary.path}/app`
  mkdirSync(app)
})
afterEach(async () => temporary[Symbol.asyncDispose]())

const write = (path: string, content: string | Buffer = '') => writeFileSync(`${app}/${path}`, content)
const make = (path: string) => mkdirSync(`${app}/${path}`, { recursive: true })

async function list(options: Partial<DirectoryOptions> = {}): Promise<TarEntry[]> {
  const entries = []
  for await (const entry of directoryEntries(app, { prefix: 'w', ...options })) entries.push(entry)
  return entries
}

const names = (entries: TarEntry[]) => entries.map(({ name }) => Buffer.from(name).toString('latin1'))
const openFiles = () => readdirSync('/dev/fd').length

describe('directoryEntries', () => {
  it('walks depth first, in bytewise order within each directory', async () => {
    for (const path of ['a', 'a.d', 'B', 'empty']) make(path)
    for (const path of ['a/z', 'a/b', 'a.d/x', 'a-b', 'é', 'Z']) write(path)
    const utf8 = Buffer.from('w/é').toString('latin1')
    expect(names(await list())).toEqual(['w', 'w/B', 'w/Z', 'w/a', 'w/a/b', 'w/a/z', 'w/a-b', 'w/a.d', 'w/a.d/x', 'w/empty', utf8])
  })

  it('keeps a file with a moderate hole, byte for byte', async () => {
    write('sparse', 'begin')
    truncateSync(`${app}/sparse`, 3 * 1024 * 1024)
    appendFileSync(`${app}/sparse`, 'end')
    const expected = Buffer.concat([Buffer.from('begin'), Buffer.alloc(3 * 1024 * 1024 - 5), Buffer.from('end')])
    const tar = await buffer(packTar(directoryEntries(app, { prefix: 'w' })))
    expect(tar.subarray(1024, 1024 + expected.length).equals(expected)).toBe(true)
  })

  it('rejects a hole of 50 GiB with a hint to exclude the file', async () => {
    make('data')
    write('data/disk.img')
    truncateSync(`${app}/data/disk.img`, 50 * 1024 ** 3)
    await expect(list()).rejects.toMatchObject({
      code: 'CNB_APP_INVALID',
      message: `cannot read ${app}/data/disk.img: with this sparse file of 50.0 GiB, holes exceed the limit of 4 GiB per directory`,
      hint: expect.stringContaining('exclude = ["/data/disk.img"]') as string,
    })
    expect(names(await list({ filter: excluding(['/data/disk.img']) }))).toEqual(['w', 'w/data'])
  })

  it('sums the holes of all files, including files with data', async () => {
    for (const name of ['a', 'b', 'c']) {
      write(name, Buffer.alloc(64 * 1024, 'x'))
      truncateSync(`${app}/${name}`, 1.5 * 1024 ** 3)
    }
    await expect(list()).rejects.toMatchObject({ code: 'CNB_APP_INVALID', message: expect.stringContaining(`${app}/c`) as string })
    rmSync(`${app}/c`)
    expect(names(await list())).toEqual(['w', 'w/a', 'w/b'])
  })

  it('has no entry for the directory itself without a prefix', async () => {
    make('d')
    write('d/f')
    expect(names(await list({ prefix: '' }))).toEqual(['d', 'd/f'])
  })

  it("keeps the host's modes, times, owners and link targets, unless overridden", async () => {
    write('f', 'hello')
    chmodSync(`${app}/f`, 0o4751)
    utimesSync(`${app}/f`, 1.9, 1.9)
    symlinkSync('../../etc/passwd', `${app}/out`)
    symlinkSync('/nowhere', `${app}/dangling`)
    const { uid, gid } = { uid: process.getuid?.(), gid: process.getgid?.() }
    const [, dangling, f, out] = await list()
    expect(f).toMatchObject({ type: 'file', mode: 0o4751, mtime: 1, uid, gid, size: 5, content: Buffer.from('hello') })
    expect(dangling).toMatchObject({ type: 'symlink', linkname: Buffer.from('/nowhere') })
    expect(out).toMatchObject({ type: 'symlink', linkname: Buffer.from('../../etc/passwd') })
    const given = await list({ attributes: (entry, path) => ({ uid: 7, gid: 8, mtime: 9, ...(path.length === 0 ? { mode: 0o777 } : {}) }) })
    expect(given[0]).toMatchObject({ uid: 7, gid: 8, mtime: 9, mode: 0o777 })
    expect(given[2]).toMatchObject({ uid: 7, gid: 8, mtime: 9, mode: 0o4751 })
  })

  it('streams large files completely', async () => {
    const content = Buffer.alloc(1_000_000, 'abc')
    write('large', content)
    const tar = await buffer(packTar(directoryEntries(app, { prefix: '' })))
    expect(tar.subarray(512, 512 + content.length).equals(content)).toBe(true)
  })

  // APFS takes only UTF-8 in names.
  it.skipIf(process.platform === 'darwin')('accepts names that are not UTF-8 and paths longer than any tar field', async () => {
    const deep = Array.from({ length: 6 }, () => 'd'.repeat(60)).join('/')
    make(deep)
    write(`${deep}/f`)
    write('x'.repeat(255))
    writeFileSync(Buffer.concat([Buffer.from(`${app}/`), Buffer.from([0x61, 0xff, 0xfe])]), '')
    const tar = await buffer(packTar(directoryEntries(app, { prefix: 'w' })))
    const listing = execFileSync('tar', ['-tf', '-', '--quoting-style=literal'], { input: tar, encoding: 'latin1' })
    expect(listing).toContain('w/a\xff\xfe\n')
    expect(listing).toContain(`w/${deep}/f\n`)
    expect(listing).toContain(`w/${'x'.repeat(255)}\n`)
  })

  it('skips sockets with a message and devices with a warning, and keeps FIFOs without opening them', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(`${app}/socket`, resolve))
    execFileSync('mkfifo', [`${app}/fifo`])
    const device = process.getuid?.() === 0
    if (device) execFileSync('mknod', [`${app}/null`, 'c', '1', '3'])
    const events: CnbEvent[] = []
    const entries = await list({ events: (event) => events.push(event) })
    await new Promise((resolve) => server.close(resolve))
    expect(entries.slice(1).map(({ type }) => type)).toEqual(['fifo'])
    expect(events).toEqual([
      ...(device ? [{ type: 'warning', message: `skipped the device ${app}/null` }] : []),
      { type: 'info', message: `skipped the socket ${app}/socket` },
    ])
  })

  it('keeps additional hard links as links if requested, otherwise as files', async () => {
    write('a', 'x')
    linkSync(`${app}/a`, `${app}/b`)
    make('d')
    linkSync(`${app}/a`, `${app}/d/c`)
    const kept = await list({ keepHardLinks: true })
    expect(kept.map(({ type, linkname }) => [type, linkname?.toString()])).toEqual([
      ['directory', undefined],
      ['file', undefined],
      ['link', 'w/a'],
      ['directory', undefined],
      ['link', 'w/a'],
    ])
    expect((await list()).map(({ type }) => type)).toEqual(['directory', 'file', 'file', 'directory', 'file'])
    const withoutFirst = await list({ keepHardLinks: true, filter: excluding(['/a']) })
    expect(withoutFirst.slice(1).map(({ type, linkname }) => [type, linkname?.toString()])).toEqual([
      ['file', undefined],
      ['directory', undefined],
      ['link', 'w/b'],
    ])
  })

  it('does not read a directory that the filter skips', async () => {
    make('node_modules/deep')
    write('node_modules/f')
    write('f')
    const asked: string[] = []
    const rules = excluding(['node_modules/'])
    const entries = await list({ filter: (path, isDirectory) => (asked.push(path), rules(path, isDirectory)) })
    expect(names(entries)).toEqual(['w', 'w/f'])
    expect(asked).toEqual(['f', 'node_modules'])
  })

  it('includes only the parent directories of included entries', async () => {
    for (const path of ['a/b/c', 'a/x', 'd', 'keep/empty']) make(path)
    for (const path of ['a/b/c/main.go', 'a/x/y', 'd/z', 'keep/f']) write(path)
    expect(names(await list({ filter: including(['*.go', 'keep/']) }))).toEqual([
      'w',
      'w/a',
      'w/a/b',
      'w/a/b/c',
      'w/a/b/c/main.go',
      'w/keep',
      'w/keep/empty',
      'w/keep/f',
    ])
  })

  it('follows a link only for the directory itself', async () => {
    write('f')
    const link = `${temporary.path}/link`
    symlinkSync(app, link)
    const entries = []
    for await (const entry of directoryEntries(link, { prefix: 'w' })) entries.push(entry)
    expect(entries.map(({ type }) => type)).toEqual(['directory', 'file'])
  })

  // The filter runs between the stat of an entry and its opening; the changes happen then.
  it.each<[string, () => void]>([
    ['a file that vanishes', () => rmSync(`${app}/f`)],
    [
      'a file that becomes a link',
      () => {
        rmSync(`${app}/f`)
        symlinkSync('/etc/passwd', `${app}/f`)
      },
    ],
    [
      'a file that becomes a directory',
      () => {
        rmSync(`${app}/f`)
        make('f')
      },
    ],
    [
      'a file that becomes a FIFO',
      () => {
        rmSync(`${app}/f`)
        execFileSync('mkfifo', [`${app}/f`])
      },
    ],
  ])('reports %s as CNB_APP_CHANGED with its path', async (_, happen) => {
    write('f', 'x')
    const before = openFiles()
    const filter = () => (happen(), 'keep' as const)
    await expect(list({ filter })).rejects.toMatchObject({ code: 'CNB_APP_CHANGED', message: expect.stringContaining(`${app}/f`) })
    expect(openFiles()).toBe(before)
  })

  it('reports a directory that disappears as CNB_APP_CHANGED', async () => {
    make('d')
    await expect(list({ filter: () => (renameSync(`${app}/d`, `${app}/e`), 'keep') })).rejects.toMatchObject({ code: 'CNB_APP_CHANGED' })
  })

  it.each<[string, (path: string) => void]>([
    ['grew', (path) => appendFileSync(path, 'more')],
    ['shrank', (path) => truncateSync(path, 100)],
  ])('reports a large file that %s during the read', async (how, happen) => {
    write('f', Buffer.alloc(200_000))
    const changing = async function* () {
      for await (const entry of directoryEntries(app, { prefix: 'w' })) {
        if (entry.type === 'file') happen(`${app}/f`)
        yield entry
      }
    }
    await expect(buffer(packTar(changing()))).rejects.toMatchObject({
      code: 'CNB_APP_CHANGED',
      message: `${app}/f ${how} while it was being read`,
      hint: expect.any(String),
    })
  })

  it.runIf(existsSync('/proc/self/status'))('reports a small file that is larger than its size', async () => {
    const onlyStatus = (path: string) => (path === 'status' ? 'keep' : 'skip')
    app = '/proc/self'
    await expect(list({ filter: onlyStatus })).rejects.toMatchObject({
      code: 'CNB_APP_CHANGED',
      message: '/proc/self/status grew while it was being read',
    })
  })

  it.runIf(process.getuid?.() === 0).each<[string, string, number]>([
    ['file', 'f', 0o600],
    ['directory', 'd', 0o700],
  ])("reports an unreadable %s with its path, the system's error and a hint", async (kind, name, mode) => {
    chmodSync(temporary.path, 0o755)
    if (kind === 'file') write(name)
    else make(name)
    chmodSync(`${app}/${name}`, mode)
    process.seteuid?.(65534)
    try {
      await expect(list({ invalid: 'CNB_BUILDPACK_INVALID' })).rejects.toMatchObject({
        code: 'CNB_BUILDPACK_INVALID',
        message: `cannot read ${app}/${name}: permission denied`,
        hint: expect.stringMatching(/chmod.*exclude/),
      })
    } finally {
      process.seteuid?.(0)
    }
  })

  it('reports a missing directory as CNB_APP_INVALID', async () => {
    app = `${app}/missing`
    await expect(list()).rejects.toMatchObject({ code: 'CNB_APP_INVALID', message: `cannot read ${app}: no such file or directory` })
  })

  it('closes the open file when the reader stops', async () => {
    write('f', Buffer.alloc(200_000))
    const before = openFiles()
    for await (const entry of directoryEntries(app, { prefix: 'w' })) if (entry.type === 'file') break
    expect(openFiles()).toBe(before)
  })

  it("stops with the signal's reason, even within the walk", async () => {
    for (let i = 0; i < 300; i++) write(`f${i}`)
    const stop = new AbortController()
    setImmediate(() => stop.abort(new CnbError('CNB_INTERRUPTED', 'Ctrl-C')))
    await expect(list({ signal: stop.signal })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED', message: 'Ctrl-C' })
  })
})
