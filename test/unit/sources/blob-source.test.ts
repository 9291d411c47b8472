import { mkdir, readdir, readFile } from 'node:fs/promises'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { packTar, type TarEntry } from '../../../src/archive/tar/tar-writer.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../src/base/files.ts'
import { digestOf, hexOf } from '../../../src/oci/digest.ts'
import type { BlobSource } from '../../../src/resources/kinds/parts.ts'
import type { SourceCredentials } from '../../../src/sources/credentials/credentials.ts'
import type { FetchedSource, ResolvedSource, SourceServices } from '../../../src/sources/source.ts'
import { Sources } from '../../../src/sources/sources.ts'
import { LINK, zipFile } from '../../support/images/zip-file.ts'
import { containing } from '../../support/matching.ts'
import { listen, type Listening } from '../../support/registry/listen.ts'
import { credentialsWith, secretOf, sourceServices, type TestServices } from '../../support/sources/services.ts'

let directory: TemporaryDirectory
let server: Listening
let running: TestServices
let sources: Sources
/** The content of the server; its digest is the ETag. */
let content: Buffer
let seen: { headers: IncomingHttpHeaders; status: number }[]
let answer: ((response: ServerResponse, headers: IncomingHttpHeaders) => boolean) | undefined
const restart = (more: Partial<SourceServices> = {}): void => {
  running = sourceServices(directory.path, more)
  sources = new Sources(running.services)
}
beforeEach(async () => {
  directory = await makeTemporaryDirectory()
  seen = []
  answer = undefined
  content = zipFile([{ name: 'top/main.go', content: 'package main' }])
  server = await listen(({ headers }, response) => {
    response.on('finish', () => seen.push({ headers, status: response.statusCode }))
    if (answer?.(response, headers)) return
    const etag = `"${digestOf(content)}"`
    if (headers['if-none-match'] === etag) response.writeHead(304).end()
    else response.writeHead(200, { etag }).end(content)
  })
  restart()
})
afterEach(async () => {
  await running[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await directory[Symbol.asyncDispose]()
})

const file = (name: string, text = 'x'): TarEntry => ({ type: 'file', name, mode: 0o644, uid: 1, gid: 1, mtime: 0, size: text.length, content: Buffer.from(text) })
const link = (name: string, linkname: string): TarEntry => ({ type: 'symlink', name, linkname, mode: 0o777, uid: 1, gid: 1, mtime: 0 })
const tar = (...entries: TarEntry[]): Promise<Buffer> => buffer(packTar(entries))
const resolve = (more: Partial<BlobSource> = {}, credentials = credentialsWith()): Promise<ResolvedSource> =>
  sources.resolve({ blob: { url: `${server.origin}/app?token=hidden`, ...more } }, credentials, {}, running.context)
const fetch = async (resolved: ResolvedSource, credentials = credentialsWith()): Promise<FetchedSource> => {
  const target = join(directory.path, `target${Math.random()}`)
  await mkdir(target)
  return sources.fetch(resolved, target, credentials, running.context)
}
const listed = async ({ path }: FetchedSource): Promise<string[]> => ((await readdir(path, { recursive: true }))).sort()
const bearer = (host = '127.0.0.1'): SourceCredentials => credentialsWith(secretOf('s', 'Opaque', { bearer: 'secret-token' }, { 'kpack.io/blob': host }))

describe('the resolution of a blob', () => {
  test('identifies it by its content, with a conditional request', async () => {
    const first = await resolve({ stripComponents: 1 })
    expect(first).toEqual({ blob: { url: `${server.origin}/app?token=hidden`, stripComponents: 1, digest: digestOf(content) } })
    restart()
    expect(await resolve({ stripComponents: 1 })).toEqual(first)
    expect(seen.map(({ status }) => status)).toEqual([200, 304])
    content = zipFile([{ name: 'other', content: 'x' }])
    expect((await resolve()).blob?.digest).toBe(digestOf(content))
  })

  test('fails for a blob that does not exist', async () => {
    answer = (response) => Boolean(response.writeHead(404).end())
    await expect(resolve()).rejects.toMatchObject({ code: 'CNB_DOWNLOAD_FAILED', message: containing('the server does not have the file') })
  })
})

describe('a blob with credentials', () => {
  test('receives them with auth: secret only', async () => {
    await resolve({}, bearer())
    await resolve({ auth: 'secret' }, bearer())
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([undefined, 'Bearer secret-token'])
  })

  test('cannot pass them to another host, an event or an error', async () => {
    await using other = await listen((request, response) => void response.writeHead(request.headers.authorization ? 500 : 403).end(JSON.stringify(request.headers)))
    answer = (response, headers) => Boolean(response.writeHead(302, { location: `${other.origin}/${headers.authorization?.length}` }).end())
    const error = await resolve({ auth: 'secret' }, bearer()).catch((thrown: unknown) => thrown)
    // A redirect to another host must lead to https.
    expect(error).toMatchObject({ code: 'CNB_DOWNLOAD_FAILED' })
    expect(`${String(error)}${String((error as Error).cause)}${JSON.stringify(running.events)}`).not.toMatch(/secret-token|hidden/)
  })

  test('must have them', async () => {
    await expect(resolve({ auth: 'secret' }, bearer('other'))).rejects.toMatchObject({ code: 'CNB_USAGE', message: containing("no secrets matched for '127.0.0.1'") })
    await expect(resolve({ auth: 'helper' })).rejects.toMatchObject({ code: 'CNB_UNSUPPORTED', hint: containing('Set auth to secret') })
    expect(seen).toEqual([])
  })
})

describe('the fetch of a blob', () => {
  test('reads the resolved content from the cache', async () => {
    const fetched = await fetch(await resolve({ stripComponents: 1 }))
    expect(await listed(fetched)).toEqual(['main.go'])
    expect(await readFile(join(fetched.path, 'main.go'), 'utf8')).toBe('package main')
    expect(seen).toHaveLength(1)
    expect(fetched.metadata).toEqual({ type: 'blob', metadata: { url: `${server.origin}/app` }, version: { sha256sum: hexOf(digestOf(content)) } })
  })

  test('fails if the content changed since', async () => {
    const resolved = await resolve()
    content = zipFile([{ name: 'other', content: 'x' }])
    await resolve()
    await expect(fetch(resolved)).rejects.toMatchObject({ code: 'CNB_DOWNLOAD_FAILED', hint: 'Build again.' })
  })

  test.each([
    ['zip', async () => zipFile([{ name: 'a/b', content: 'x' }, { name: 'a/l', content: 'b', mode: LINK }])],
    ['jar that is a program', async () => zipFile([{ name: 'a/b', content: 'x' }, { name: 'a/l', content: 'b', mode: LINK }], { prefix: Buffer.from('#!/bin/sh\n') })],
    ['tar', () => tar(file('a/b'), link('a/l', 'b'))],
    ['tar.gz', async () => gzipSync(await tar(file('./a/b'), link('./a/l', 'b')))],
  ])('unpacks a %s', async (_title, make) => {
    content = await make()
    expect(await listed(await fetch(await resolve()))).toEqual(['a', 'a/b', 'a/l'])
  })

  test.each([
    ['zip', async () => zipFile([{ name: 'one/two/a', content: 'x' }, { name: 'one/b', content: 'x' }, { name: 'c', content: 'x' }])],
    ['tar', () => tar(file('one/two/a'), file('one/b'), file('c'))],
  ])('removes leading components of a %s', async (_title, make) => {
    content = await make()
    expect(await listed(await fetch(await resolve({ stripComponents: 1 })))).toEqual(['b', 'two', 'two/a'])
    expect(await listed(await fetch(await resolve({ stripComponents: 2 })))).toEqual(['a'])
  })

  test('removes leading components of the targets of hard links', async () => {
    content = await tar(file('one/a'), { ...link('one/h', 'one/a'), type: 'link' })
    expect(await listed(await fetch(await resolve({ stripComponents: 1 })))).toEqual(['a', 'h'])
  })

  test('counts . as a component, as kpack does', async () => {
    content = await tar(file('./one/a'))
    expect(await listed(await fetch(await resolve({ stripComponents: 1 })))).toEqual(['one', 'one/a'])
  })

  test.each([
    ['text', async () => Buffer.from('<html>not found</html>')],
    ['nothing', async () => Buffer.from('x')],
  ])('refuses %s', async (_title, make) => {
    content = await make()
    await expect(fetch(await resolve())).rejects.toMatchObject({ code: 'CNB_APP_INVALID', message: containing('unexpected blob file type, must be one of .zip, .tar.gz, .tar, .jar') })
  })

  test('refuses a truncated tar', async () => {
    content = (await tar(file('a', 'x'.repeat(5000)))).subarray(0, 3000)
    await expect(fetch(await resolve())).rejects.toMatchObject({ code: 'CNB_APP_INVALID', message: containing('the content of "a" cannot be read') })
  })

  test.each([
    ['zip with a name', async () => zipFile([{ name: '../evil', content: 'x' }])],
    ['zip with a link', async () => zipFile([{ name: 'l', content: '/etc', mode: LINK }])],
    ['tar with a name', () => tar(file('../evil'))],
    ['tar with a link', () => tar(link('l', '/etc'))],
  ])('refuses a %s that leads out', async (_title, make) => {
    content = await make()
    await expect(fetch(await resolve())).rejects.toMatchObject({ code: 'CNB_APP_INVALID' })
  })

  test('refuses a link that leads out without the leading components', async () => {
    content = await tar(link('one/l', '../x'))
    await expect(fetch(await resolve({ stripComponents: 1 }))).rejects.toMatchObject({ code: 'CNB_APP_INVALID' })
  })

  test('stops at the limit of a source', async () => {
    content = gzipSync(await tar(file('a', '0'.repeat(100_000))))
    restart({ limits: { files: 10, bytes: 50_000 } })
    await expect(fetch(await resolve())).rejects.toMatchObject({ message: containing('its files have more than 50000 bytes, the limit of a source') })
  })
})
