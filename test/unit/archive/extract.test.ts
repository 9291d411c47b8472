import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { extractInto } from '../../../src/archive/extract.ts'
import { packTar } from '../../../src/archive/tar/tar-writer.ts'
import type { TarEntry } from '../../../src/archive/tar/tar-writer.ts'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import type { TemporaryDirectory } from '../../../src/base/files.ts'

let temporary: TemporaryDirectory
let target: string
beforeEach(async () => {
  temporary = await makeTemporaryDirectory()
  target = `${temporary.path}/out/sbom`
})
afterEach(async () => temporary[Symbol.asyncDispose]())

const owner = { uid: 1001, gid: 1000, mtime: 0 }
const file = (name: string | Buffer, content = '', mode = 0o644): TarEntry => ({
  type: 'file',
  name,
  mode,
  ...owner,
  size: content.length,
  content: Buffer.from(content),
})
const other = (type: TarEntry['type'], name: string, linkname?: string): TarEntry => ({
  type,
  name,
  mode: 0o777,
  ...owner,
  ...(linkname ? { linkname } : {}),
})
const read = (path: string) => readFileSync(`${target}/${path}`, 'utf8')

describe('extractInto', () => {
  it('writes files and directories, creates parents, and skips other entries', async () => {
    await extractInto(
      target,
      packTar([
        other('directory', 'sbom/'),
        file('./sbom/a/b.json', '{}'),
        other('symlink', 'sbom/l', '/etc'),
        other('fifo', 'sbom/p'),
        other('link', 'sbom/h', 'sbom/a/b.json'),
      ]),
    )
    expect(readdirSync(target, { recursive: true }).sort()).toEqual(['sbom', 'sbom/a', 'sbom/a/b.json'])
    expect(read('sbom/a/b.json')).toBe('{}')
  })

  it('strips leading directories', async () => {
    await extractInto(target, packTar([other('directory', 'sbom'), file('sbom/launch/x', 'x'), file('top', 'lost')]), { strip: 1 })
    expect(readdirSync(target, { recursive: true }).sort()).toEqual(['launch', 'launch/x'])
  })

  it('creates readable files without set-id bits or write permission for others', async () => {
    await extractInto(target, packTar([file('secret', '', 0o000), file('suid', '', 0o6777)]))
    expect(statSync(`${target}/secret`).mode & 0o7777).toBe(0o600)
    expect(statSync(`${target}/suid`).mode & 0o7777).toBe(0o755)
  })

  // APFS takes only UTF-8 in names.
  it.skipIf(process.platform === 'darwin')('keeps names that are not UTF-8', async () => {
    await extractInto(target, packTar([file(Buffer.from('a\xff', 'latin1'))]))
    expect(readdirSync(target, { encoding: 'buffer' })).toEqual([Buffer.from('a\xff', 'latin1')])
  })

  it.each(['../evil', 'a/../../evil', '/etc/evil', 'sbom/..'])('rejects the name %s', async (name) => {
    await expect(extractInto(target, packTar([other('directory', name)]))).rejects.toMatchObject({
      code: 'CNB_OUTPUT',
      message: expect.stringContaining(name),
    })
    expect(existsSync(`${temporary.path}/out/evil`)).toBe(false)
  })

  it("does not follow links on the host: rejects one to a directory, replaces one to a file", async () => {
    mkdirSync(target, { recursive: true })
    const outside = `${temporary.path}/outside`
    mkdirSync(outside)
    writeFileSync(`${outside}/f`, 'untouched')
    symlinkSync(outside, `${target}/d`)
    symlinkSync(`${outside}/f`, `${target}/f`)
    await extractInto(target, packTar([file('f', 'new')]))
    expect(read('f')).toBe('new')
    expect(readFileSync(`${outside}/f`, 'utf8')).toBe('untouched')
    await expect(extractInto(target, packTar([file('d/f', 'evil')]))).rejects.toMatchObject({ code: 'CNB_OUTPUT' })
    expect(readFileSync(`${outside}/f`, 'utf8')).toBe('untouched')
  })

  it('replaces existing files, and leaves no partial file of a truncated archive', async () => {
    await extractInto(target, packTar([file('f', 'old')]))
    const tar = []
    for await (const chunk of packTar([file('f', 'new'.repeat(1000))])) tar.push(chunk as Buffer)
    await expect(extractInto(target, Readable.from([Buffer.concat(tar).subarray(0, 1500)]))).rejects.toThrow()
    expect(readdirSync(target)).toEqual(['f'])
    expect(read('f')).toBe('old')
  })

  it.each([{ maxBytes: 5 }, { maxEntries: 1 }])('rejects more than %o', async (bound) => {
    await expect(extractInto(target, packTar([file('a', 'abc'), file('b', 'def')]), bound)).rejects.toMatchObject({
      code: 'CNB_OUTPUT',
      message: expect.stringContaining('cannot extract'),
    })
    expect(existsSync(`${target}/b`)).toBe(false)
  })

  it('names the file that cannot be written', async () => {
    mkdirSync(`${target}/f`, { recursive: true })
    await expect(extractInto(target, packTar([file('f', 'x')]))).rejects.toMatchObject({
      code: 'CNB_OUTPUT',
      message: expect.stringContaining(`cannot write ${target}/f: `),
    })
    expect(readdirSync(target)).toEqual(['f'])
  })
})
