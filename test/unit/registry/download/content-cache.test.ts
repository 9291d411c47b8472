import { existsSync } from 'node:fs'
import { appendFile, chmod, link, lstat, mkdir, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { CnbError } from '../../../../src/base/errors.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { digestOf, hexOf, type Digest } from '../../../../src/oci/digest.ts'
import { cacheDirectory } from '../../../../src/registry/download/cache-directory.ts'
import { openContentCache, type ContentCache } from '../../../../src/registry/download/content-cache.ts'
import { cannotWrite } from '../../../../src/registry/download/unfinished-file.ts'
import { containing } from '../../../support/matching.ts'

const CONTENT = Buffer.from('the content')
const DIGEST = digestOf(CONTENT)
const HOUR = 60 * 60 * 1000

let directory: TemporaryDirectory
let cache: ContentCache
let events: CnbEvent[]
const opened = (budget = 1e9): ContentCache => openContentCache(directory.path, { budget, events: (event) => events.push(event) })
beforeEach(async () => {
  directory = await makeTemporaryDirectory()
  events = []
  cache = opened()
})
afterEach(async () => {
  await cache[Symbol.asyncDispose]()
  await directory[Symbol.asyncDispose]()
})

const pathOf = (digest: Digest): string => join(directory.path, 'blobs/sha256', hexOf(digest))
const opening = (...chunks: (Buffer | Error)[]) => (): Promise<Readable> =>
  Promise.resolve(
    Readable.from(
      (async function* () {
        for (const chunk of chunks) {
          if (chunk instanceof Error) throw chunk
          yield await Promise.resolve(chunk)
        }
      })(),
      { objectMode: false },
    ),
  )
const never = (): Promise<Readable> => Promise.reject(new Error('opened again'))
const store = async (content: Buffer): Promise<string> => cache.store(digestOf(content), opening(content))
/** Makes content look as if it was last used some hours ago. */
const age = async (digest: Digest, hours: number): Promise<void> => {
  const then = new Date(Date.now() - hours * HOUR)
  const facts = join(directory.path, 'facts/verified', `${hexOf(digestOf(digest))}.json`)
  for (const path of [pathOf(digest), facts]) await utimes(path, then, then)
}
const unfinished = (): Promise<string[]> => readdir(join(directory.path, 'unfinished'))

describe('the content cache', () => {
  test('stores content once and finds it in the next run', async () => {
    expect(await cache.find(DIGEST)).toBeUndefined()
    const path = await store(CONTENT)
    expect(await readFile(path)).toEqual(CONTENT)
    expect(await cache.store(DIGEST, never)).toBe(path)
    expect(await opened().find(DIGEST)).toBe(path)
    expect(await opened().store(DIGEST, never)).toBe(path)
    expect(await unfinished()).toEqual([])
  })

  test('is for its user only', async () => {
    await chmod(directory.path, 0o755)
    expect((await stat(await store(CONTENT))).mode & 0o077).toBe(0)
    expect((await stat(directory.path)).mode & 0o777).toBe(0o755)
    for (const folder of ['blobs/sha256', 'unfinished', 'facts']) expect((await stat(join(directory.path, folder))).mode & 0o077).toBe(0)
  })

  test('stores any content that arrives in any pieces', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 5 }), async (pieces) => {
        const whole = Buffer.concat(pieces)
        const stored = await cache.storeUnknown(opening(...pieces.map((piece) => Buffer.from(piece))), { maxBytes: whole.length })
        expect(stored).toEqual({ digest: digestOf(whole), size: whole.length, path: pathOf(digestOf(whole)) })
        expect(await readFile((await cache.find(stored.digest)) ?? '')).toEqual(whole)
      }),
      { numRuns: 30 },
    )
  })

  test('opens the source once for concurrent calls', async () => {
    let times = 0
    const open = (): Promise<Readable> => (times++, opening(CONTENT)())
    const paths = await Promise.all([1, 2, 3].map(() => cache.store(DIGEST, open)))
    expect(new Set(paths)).toEqual(new Set([pathOf(DIGEST)]))
    expect(times).toBe(1)
  })

  test('tries again if a concurrent call of someone else fails', async () => {
    let second: Promise<string> | undefined
    const first = cache.store(DIGEST, async () => {
      second = cache.store(DIGEST, opening(CONTENT))
      // As long as the second call needs to find the first.
      await cache.find(DIGEST)
      throw new Error('lost')
    })
    await expect(first).rejects.toThrow('lost')
    expect(await second).toBe(pathOf(DIGEST))
  })

  test('lets two processes store the same content at once', async () => {
    const other = opened()
    const paths = await Promise.all([cache.store(DIGEST, opening(CONTENT)), other.store(DIGEST, opening(CONTENT))])
    expect(new Set(paths).size).toBe(1)
    expect(await readFile(paths[0])).toEqual(CONTENT)
    expect(await cache.find(DIGEST)).toBe(paths[0])
    expect(await other.find(DIGEST)).toBe(paths[0])
  })

  test.each([
    ['other content', opening(Buffer.from('something else')), 'the content has digest'],
    ['the beginning of the content', opening(CONTENT.subarray(0, 3)), 'the content has digest'],
    ['a stream that breaks', opening(CONTENT.subarray(0, 3), new Error('the connection broke')), 'the connection broke'],
  ])('refuses %s, and leaves nothing', async (_title, open, message) => {
    await expect(cache.store(DIGEST, open)).rejects.toThrow(message)
    expect(await unfinished()).toEqual([])
    expect(await opened().find(DIGEST)).toBeUndefined()
  })

  test('refuses more than the limit, and leaves nothing', async () => {
    const endless = (): Promise<Readable> => Promise.resolve(Readable.from((function* () { for (;;) yield CONTENT })()))
    await expect(cache.storeUnknown(endless, { maxBytes: 1000 })).rejects.toMatchObject({ code: 'CNB_DOWNLOAD_FAILED', message: 'the content is larger than 1000 bytes' })
    expect(await unfinished()).toEqual([])
  })

  test('stops waiting for a stream when it is aborted, and leaves nothing', async () => {
    const controller = new AbortController()
    const silent = new Readable({ read: () => controller.abort(new CnbError('CNB_INTERRUPTED', 'stopped')) })
    await expect(cache.store(DIGEST, () => Promise.resolve(silent), { signal: controller.signal })).rejects.toThrow('stopped')
    expect(silent.destroyed).toBe(true)
    expect(await unfinished()).toEqual([])
  })

  test.each<[string, (path: string) => Promise<unknown>]>([
    ['changed', (path) => writeFile(path, 'the kontent')],
    ['changed, and has its old times again', async (path) => {
      const { atime, mtime } = await stat(path)
      await writeFile(path, 'the kontent')
      await utimes(path, atime, mtime)
    }],
    ['longer', (path) => appendFile(path, '!')],
    ['cut', (path) => writeFile(path, '')],
    ['replaced by a link', async (path) => {
      await rename(path, join(directory.path, 'elsewhere'))
      await symlink(join(directory.path, 'elsewhere'), path)
    }],
    ['replaced by a directory', async (path) => {
      await rm(path)
      await mkdir(path)
    }],
  ])('drops a file that is %s, in this run and the next', async (title, damage) => {
    for (const reader of [cache, opened()]) {
      const path = await store(CONTENT)
      await damage(path)
      expect(await reader.find(DIGEST, { events: (event) => events.push(event) })).toBeUndefined()
      await expect(lstat(path)).rejects.toThrow('ENOENT')
      expect(events.pop()).toEqual({ type: 'warning', message: `dropped ${path} from the cache: ${title.startsWith('replaced') ? 'it is not a file of this user' : `its content is not ${DIGEST}`}` })
    }
  })

  test('hashes a file that another program restored, and accepts the right content', async () => {
    const path = await store(CONTENT)
    await rm(path)
    await writeFile(path, CONTENT)
    expect(await opened().find(DIGEST)).toBe(path)
  })

  test('does not trust a fact of other content', async () => {
    const other = Buffer.from('other')
    const path = await store(CONTENT)
    await store(other)
    const facts = join(directory.path, 'facts/verified')
    const [mine = '', its = ''] = [DIGEST, digestOf(other)].map((digest) => join(facts, `${hexOf(digestOf(digest))}.json`))
    await rm(path)
    await link(pathOf(digestOf(other)), path)
    await rename(its, mine)
    expect(await opened().find(DIGEST)).toBeUndefined()
  })

  test('remembers facts, and forgets damaged ones', async () => {
    await cache.setFact('url', 'https://host/a', { digest: DIGEST })
    expect(await opened().fact('url', 'https://host/a')).toEqual({ digest: DIGEST })
    expect(await cache.fact('manifest', 'https://host/a')).toBeUndefined()
    expect(await cache.fact('url', 'https://host/b')).toBeUndefined()
    const [file = ''] = await readdir(join(directory.path, 'facts/url'))
    await writeFile(join(directory.path, 'facts/url', file), '{"key"')
    expect(await cache.fact('url', 'https://host/a')).toBeUndefined()
  })

  test('does not take the fact of one key for that of another', async () => {
    for (const key of ['a', 'b']) await cache.setFact('url', key, key)
    const [a, b] = ['a', 'b'].map((key) => join(directory.path, 'facts/url', `${hexOf(digestOf(key))}.json`)) as [string, string]
    await rename(a, b)
    expect(await cache.fact('url', 'b')).toBeUndefined()
  })

  test('does not write the key of a fact to the disk', async () => {
    await cache.setFact('url', 'https://user:secret@host/?token=secret', 1)
    const [file = ''] = await readdir(join(directory.path, 'facts/url'))
    expect(file + (await readFile(join(directory.path, 'facts/url', file), 'utf8'))).not.toContain('secret')
  })
})

describe('the budget of the cache', () => {
  const big = (name: string): Buffer => Buffer.from(name.repeat(10_000))

  test('removes the least recently used content at the end of a run that stored something', async () => {
    for (const [index, name] of ['a', 'b', 'c'].entries()) {
      await store(big(name))
      await age(digestOf(big(name)), 10 - index)
    }
    await cache[Symbol.asyncDispose]()
    cache = opened(35_000)
    expect(await cache.find(digestOf(big('a')))).toBeDefined()
    await cache[Symbol.asyncDispose]()
    expect(await readdir(join(directory.path, 'blobs/sha256'))).toHaveLength(3)
    await store(big('d'))
    await cache[Symbol.asyncDispose]()
    const left = await readdir(join(directory.path, 'blobs/sha256'))
    expect(left.sort()).toEqual([big('a'), big('d')].map((content) => hexOf(digestOf(content))).sort())
    expect(await readdir(join(directory.path, 'facts/verified'))).toHaveLength(2)
  })

  test('keeps content of this run, and content that another process may have in use', async () => {
    cache = opened(1)
    await store(big('mine'))
    await age(digestOf(big('mine')), 5)
    await opened().store(digestOf(big('other')), opening(big('other')))
    await cache[Symbol.asyncDispose]()
    expect(await readdir(join(directory.path, 'blobs/sha256'))).toHaveLength(2)
  })

  test('counts and removes facts', async () => {
    cache = opened(1)
    await cache.setFact('url', 'https://host/', 1)
    const folder = join(directory.path, 'facts/url')
    const [file = ''] = await readdir(folder)
    await utimes(join(folder, file), 1, 1)
    await store(CONTENT)
    await cache[Symbol.asyncDispose]()
    expect(await readdir(folder)).toEqual([])
  })

  test('counts clones of buildpack registries, and removes those that no command has used in the last hour', async () => {
    const clone = async (url: string): Promise<string> => {
      const path = join(await cache.folder(join('registries', hexOf(digestOf(url)))), 'commit.git')
      await mkdir(join(path, 'objects'), { recursive: true })
      await writeFile(join(path, 'objects/pack'), big('pack'))
      await utimes(path, 1, 1)
      await cache.setFact('registry', url, 'commit')
      return path
    }
    const [used, unused] = [await clone('https://used'), await clone('https://unused')]
    await utimes(join(directory.path, 'facts/registry', `${hexOf(digestOf('https://unused'))}.json`), 2, 2)
    // Two clones fit, together with the facts.
    cache = opened(120_000)
    await cache.setFact('url', 'https://host/', 1)
    await cache[Symbol.asyncDispose]()
    expect([existsSync(used), existsSync(unused)]).toEqual([true, true])
    cache = opened(100_000)
    await cache.setFact('url', 'https://host/', 1)
    await cache[Symbol.asyncDispose]()
    expect([existsSync(used), existsSync(unused)]).toEqual([true, false])
  })

  test('removes unfinished files of killed processes only', async () => {
    await store(CONTENT)
    const [old, running] = ['old.tmp', 'running.tmp'].map((name) => join(directory.path, 'unfinished', name)) as [string, string]
    for (const path of [old, running]) await writeFile(path, 'x')
    await utimes(old, 1, 1)
    await cache[Symbol.asyncDispose]()
    expect(await unfinished()).toEqual(['running.tmp'])
  })
})

describe('a cache directory that cannot be written', () => {
  test('is replaced by a temporary one with a warning, which is removed', async () => {
    const file = join(directory.path, 'file')
    await writeFile(file, '')
    const replaced = openContentCache(join(file, 'cnb'), { budget: 1, events: (event) => events.push(event) })
    const path = await replaced.store(DIGEST, opening(CONTENT))
    expect(await readFile(path)).toEqual(CONTENT)
    expect(events).toEqual([{ type: 'warning', message: containing(`cannot use the cache directory ${join(file, 'cnb')}, so downloads are not kept: ENOTDIR`) }])
    await replaced[Symbol.asyncDispose]()
    await expect(lstat(path)).rejects.toThrow('ENOENT')
  })

  test('is a clear error if the disk is full', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    expect(() => cannotWrite('/cache/x', full)).toThrow(
      expect.objectContaining({ code: 'CNB_OUTPUT', message: 'cannot write /cache/x to the cache: ENOSPC: no space left on device, write', hint: containing('Free disk space') }) as Error,
    )
  })

  test('is an error if it stops being writable', async () => {
    await store(CONTENT)
    await rm(join(directory.path, 'unfinished'), { recursive: true })
    await writeFile(join(directory.path, 'unfinished'), '')
    await expect(store(Buffer.from('more'))).rejects.toMatchObject({ code: 'CNB_OUTPUT', hint: containing('CNB_CACHE_DIR') })
  })
})

describe('cacheDirectory', () => {
  test.each([
    [{ CNB_CACHE_DIR: '/own', XDG_CACHE_HOME: '/xdg' }, '/own'],
    [{ CNB_CACHE_DIR: 'own' }, '/cwd/own'],
    [{ CNB_CACHE_DIR: '', XDG_CACHE_HOME: '/xdg' }, '/xdg/cnb'],
    [{ XDG_CACHE_HOME: 'relative' }, '/home/me/.cache/cnb'],
    [{}, '/home/me/.cache/cnb'],
  ])('reads %j and returns %s', (env, path) => {
    expect(cacheDirectory({ env, home: '/home/me', cwd: '/cwd' })).toBe(path)
  })
})
