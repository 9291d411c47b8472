import { execFileSync } from 'node:child_process'
import { link, mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { indexTarFile } from '../../../../src/archive/tar/tar-file.ts'
import { packTar } from '../../../../src/archive/tar/tar-writer.ts'
import { CnbError } from '../../../../src/base/errors.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'

let scratch: TemporaryDirectory
beforeEach(async () => {
  scratch = await makeTemporaryDirectory('cnb-test-')
})
afterEach(() => scratch[Symbol.asyncDispose]())

const at = (...parts: string[]): string => join(scratch.path, ...parts)
const index = (path: string) => indexTarFile(path, 'CNB_BUILDPACK_INVALID')

const name = fc.stringMatching(/^[a-z]{1,9}(\/[a-z]{1,90}){0,3}$/)
const files = fc.uniqueArray(fc.record({ name, content: fc.uint8Array({ maxLength: 1500 }) }), { selector: ({ name }) => name, maxLength: 8 })

describe('indexTarFile', () => {
  test.each([false, true])('returns the content of each file, in any order (compressed: %s)', async (compressed) => {
    await fc.assert(
      fc.asyncProperty(files, async (given) => {
        const tar = await buffer(packTar(given.map(({ name, content }) => ({ type: 'file', name: Buffer.from(name), mode: 0o644, uid: 0, gid: 0, mtime: 0, size: content.length, content: Buffer.from(content) }))))
        await writeFile(at('x.tar'), compressed ? gzipSync(tar) : tar)
        const found = await index(at('x.tar'))
        for (const { name, content } of [...given].reverse()) {
          expect(found.size(name)).toBe(content.length)
          expect((await buffer(await found.open(name))).equals(Buffer.from(content))).toBe(true)
        }
        expect(found.size('no/such')).toBeUndefined()
      }),
      { numRuns: 25 },
    )
  })

  test.each(['gnu', 'posix', 'ustar'])('reads the %s tars of GNU tar, with long names and links', async (format) => {
    const long = `${'d'.repeat(60)}/${'f'.repeat(70)}`
    await mkdir(at('tree', 'd'.repeat(60)), { recursive: true })
    await writeFile(at('tree', long), 'long')
    await writeFile(at('tree/a'), 'a')
    await symlink('../a', at('tree', 'd'.repeat(60), 'sym'))
    await link(at('tree/a'), at('tree/hard'))
    execFileSync('tar', ['-C', at('tree'), `--format=${format}`, '--sort=name', '-cf', at('x.tar'), '.'])
    const found = await index(at('x.tar'))
    for (const [name, text] of [[long, 'long'], ['a', 'a'], [`${'d'.repeat(60)}/sym`, 'a'], ['hard', 'a']] as const) {
      expect((await buffer(await found.open(name))).toString()).toBe(text)
    }
  })

  test('treats links that form a circle, and those that leave the archive, as missing', async () => {
    const entry = (name: string, linkname: string) => ({ type: 'symlink' as const, name: Buffer.from(name), linkname: Buffer.from(linkname), mode: 0o777, uid: 0, gid: 0, mtime: 0 })
    await writeFile(at('x.tar'), await buffer(packTar([entry('a', 'b'), entry('b', 'a'), entry('c', '../../etc/passwd')])))
    const found = await index(at('x.tar'))
    for (const name of ['a', 'b', 'c']) expect(found.size(name)).toBeUndefined()
    await expect(found.open('c')).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID', message: expect.stringContaining('lacks the file c') as string })
  })

  test('fails while reading a file that was cut off after the index was made', async () => {
    const content = Buffer.alloc(4000, 1)
    await writeFile(at('x.tar'), await buffer(packTar([{ type: 'file', name: Buffer.from('a'), mode: 0o644, uid: 0, gid: 0, mtime: 0, size: content.length, content }])))
    const found = await index(at('x.tar'))
    await truncate(at('x.tar'), 2000)
    await expect(buffer(await found.open('a'))).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID', message: expect.stringContaining('truncated') as string })
  })

  test('returns an index or throws a CnbError for any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 500, maxLength: 1600 }), async (bytes) => {
        await writeFile(at('x.tar'), bytes)
        const found = await index(at('x.tar')).catch((error: unknown) => error)
        expect(found instanceof CnbError || typeof (found as { open?: unknown }).open === 'function').toBe(true)
      }),
      { numRuns: 50 },
    )
  })
})
