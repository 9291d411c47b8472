import { link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cacheDirectoryTars, openCacheWriter } from '../../../../../src/lifecycle/native/cache/cache-directory.ts'
import type { CacheMetadata } from '../../../../../src/lifecycle/native/cache/cache-metadata.ts'
import { digestOf } from '../../../../../src/oci/digest.ts'

let directory: string
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'cnb-test-')), 'cache')
})
afterEach(() => rm(join(directory, '..'), { recursive: true }))

const metadata = (version: string): CacheMetadata => ({ sources: [], sbom: '', buildpacks: [{ id: 'bp', version, layers: new Map() }] })
const committed = (...path: string[]): string => join(directory, 'committed', ...path)
const never = (): never => {
  throw new Error('the content was asked for')
}

/** Replaces the cache with `contents`. */
async function fill(version: string, ...contents: string[]): Promise<void> {
  await using writer = await openCacheWriter(directory)
  for (const content of contents) await writer.add(digestOf(content), async () => Readable.from([Buffer.from(content)]), {})
  await writer.commit(metadata(version))
}

test("commits exactly the added layers in the stock lifecycle's layout", async () => {
  await fill('1', 'one', 'two', 'one')
  expect((await readdir(committed())).sort()).toEqual(['io.buildpacks.lifecycle.cache.metadata', `${digestOf('one')}.tar`, `${digestOf('two')}.tar`].sort())
  expect(await readFile(committed(`${digestOf('one')}.tar`), 'utf8')).toBe('one')
  expect(await readFile(committed('io.buildpacks.lifecycle.cache.metadata'), 'utf8')).toBe(
    '{"sbom":{"sha":""},"buildpacks":[{"key":"bp","version":"1","layers":{}}]}\n',
  )
  expect(await readdir(join(directory, 'staging'))).toEqual([])
  const tars = cacheDirectoryTars(directory)
  expect(await tars.metadata({})).toContain('"version":"1"')
  expect(String(await buffer((await tars.open(digestOf('two'), {}))!))).toBe('two')
  expect(await tars.open(digestOf('three'), {})).toBeUndefined()
})

test('links a layer that the cache has, and removes layers that are not added', async () => {
  await fill('1', 'stays', 'goes')
  const before = await stat(committed(`${digestOf('stays')}.tar`))
  {
    await using writer = await openCacheWriter(directory)
    await writer.add(digestOf('stays'), never, {})
    await writer.commit(metadata('2'))
  }
  expect((await stat(committed(`${digestOf('stays')}.tar`))).ino).toBe(before.ino)
  expect(await readdir(committed())).toHaveLength(2)
})

test('leaves the cache unchanged without a commit or after a content with another digest', async () => {
  await fill('1', 'one')
  {
    await using writer = await openCacheWriter(directory)
    await writer.add(digestOf('two'), async () => Readable.from([Buffer.from('two')]), {})
  }
  {
    await using writer = await openCacheWriter(directory)
    await expect(writer.add(digestOf('three'), async () => Readable.from([Buffer.from('other')]), {})).rejects.toMatchObject({ code: 'CNB_EXPORT_FAILED' })
  }
  expect(await readFile(committed(`${digestOf('one')}.tar`), 'utf8')).toBe('one')
  expect(await readdir(join(directory, 'staging'))).toEqual([])
})

test('commits the complete cache of one of two concurrent writers', async () => {
  await fill('0', 'zero')
  const [a, b] = [await openCacheWriter(directory), await openCacheWriter(directory)]
  await a.add(digestOf('a'), async () => Readable.from([Buffer.from('a')]), {})
  await b.add(digestOf('b'), async () => Readable.from([Buffer.from('b')]), {})
  await Promise.all([a.commit(metadata('a')), b.commit(metadata('b'))])
  await Promise.all([a[Symbol.asyncDispose](), b[Symbol.asyncDispose]()])
  const winner = (await cacheDirectoryTars(directory).metadata({}))?.includes('"version":"a"') ? 'a' : 'b'
  expect(await readdir(committed())).toEqual(['io.buildpacks.lifecycle.cache.metadata', `${digestOf(winner)}.tar`].sort())
  expect(await readdir(join(directory, 'staging'))).toEqual([])
})

test('stops on an abort and leaves no files', async () => {
  const controller = new AbortController()
  await using writer = await openCacheWriter(directory)
  const endless = Readable.from((function* () {
    for (;;) {
      yield Buffer.alloc(1024)
      controller.abort()
    }
  })())
  await expect(writer.add(digestOf('x'), async () => endless, { signal: controller.signal })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
})

test('removes files of a killed run after a day, and keeps those of a concurrent one', async () => {
  const staging = join(directory, 'staging')
  for (const name of ['old', 'young']) await mkdir(join(staging, name), { recursive: true })
  await utimes(join(staging, 'old'), 0, 0)
  await fill('1')
  expect(await readdir(staging)).toEqual(['young'])
})

test('reports size and limit of metadata that is too large', async () => {
  await fill('1')
  await truncate(committed('io.buildpacks.lifecycle.cache.metadata'), 64 * 1024 * 1024 + 1)
  const message = expect.stringContaining('it has 67108865 bytes, and the limit is 67108864') as string
  await expect(cacheDirectoryTars(directory).metadata({})).rejects.toMatchObject({ code: 'CNB_RESTORE_FAILED', message })
})

test('reads neither links nor other special files', async () => {
  await fill('1', 'one')
  await symlink('/etc/passwd', committed(`${digestOf('link')}.tar`))
  await mkdir(committed(`${digestOf('directory')}.tar`))
  const tars = cacheDirectoryTars(directory)
  expect(await tars.open(digestOf('link'), {})).toBeUndefined()
  expect(await tars.open(digestOf('directory'), {})).toBeUndefined()
  await using writer = await openCacheWriter(directory)
  await writer.add(digestOf('link'), async () => Readable.from([Buffer.from('link')]), {})
})

test('does not write through an external link to a cached file', async () => {
  await fill('1', 'one')
  const mine = join(directory, '..', 'mine')
  await link(committed(`${digestOf('one')}.tar`), mine)
  await fill('2', 'one', 'two')
  expect(await readFile(mine, 'utf8')).toBe('one')
})

test('treats a missing directory as an empty cache; reports a directory that cannot be written', async () => {
  expect(await cacheDirectoryTars(directory).metadata({})).toBeUndefined()
  await writeFile(directory, 'a file')
  expect(await cacheDirectoryTars(directory).metadata({})).toBeUndefined()
  await expect(openCacheWriter(directory)).rejects.toMatchObject({ code: 'CNB_OUTPUT', message: expect.stringContaining(directory) })
})
