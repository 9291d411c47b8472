import { writeFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { cachedContent } from '../../../../src/images/remote/cached-content.ts'
import type { ImageContent } from '../../../../src/images/stored-image.ts'
import { digestOf } from '../../../../src/oci/digest.ts'
import { OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from '../../../../src/oci/media-types.ts'
import type { ReadContext } from '../../../../src/registry/registry.ts'
import { openContentCache, type ContentCache } from '../../../../src/registry/download/content-cache.ts'

const BLOB = Buffer.from('a layer')
const LAYER = { mediaType: OCI_LAYER, digest: digestOf(BLOB), size: BLOB.length }
const OLD = Buffer.from('{"old":1}')
const NEW = Buffer.from('{"new":1}')
const POLICIES = ['always', 'if-not-present', 'never'] as const

let directory: TemporaryDirectory
let cache: ContentCache
/** The manifest of the tag `latest` in the registry, or its failure. */
let latest: { content: Buffer; mediaType: string } | CnbError | undefined
let requests: string[]
/** Whether each reader of a manifest had a copy. */
let hurries: (boolean | undefined)[]
let events: CnbEvent[]
const context = { events: (event: CnbEvent) => void events.push(event) }

beforeEach(async () => {
  directory = await makeTemporaryDirectory()
  cache = openContentCache(directory.path, { budget: 1e9 })
  latest = { content: OLD, mediaType: OCI_MANIFEST }
  requests = []
  hurries = []
  events = []
})
afterEach(() => directory[Symbol.asyncDispose]())

const registry: ImageContent = {
  name: 'r.example/team/app',
  repository: 'r.example/team/app',
  manifest: async (reference, context: ReadContext = {}) => {
    requests.push(`manifest ${reference}`)
    hurries.push(context.hasCopy)
    if (latest instanceof CnbError) throw latest
    const matches = latest && (reference === 'latest' || reference === digestOf(latest.content))
    return matches ? { descriptor: { mediaType: latest!.mediaType, digest: digestOf(latest!.content), size: latest!.content.length }, content: latest!.content } : undefined
  },
  blob: async ({ digest }) => {
    requests.push(`blob ${digest}`)
    return Readable.from([BLOB])
  },
}
/** The content in a new run, in which the cache must verify its files again. */
const withPolicy = (policy: (typeof POLICIES)[number]): ImageContent => cachedContent(registry, openContentCache(directory.path, { budget: 1e9 }), policy)
const manifest = async (policy: (typeof POLICIES)[number], reference = 'latest') => (await withPolicy(policy).manifest(reference, context))?.content.toString()
const unreachable = new CnbError('CNB_REGISTRY_UNREACHABLE', 'cannot reach r.example')

describe('cachedContent', () => {
  test('has the names of the repository', () => {
    expect(withPolicy('always')).toMatchObject({ name: 'r.example/team/app', repository: 'r.example/team/app' })
    expect('repository' in cachedContent({ ...registry, repository: undefined }, cache, 'always')).toBe(false)
  })

  test('reads a blob once from the registry', async () => {
    for (const policy of ['if-not-present', 'always', 'if-not-present', 'never'] as const) {
      expect(await buffer(await withPolicy(policy).blob(LAYER))).toEqual(BLOB)
    }
    expect(requests).toEqual([`blob ${LAYER.digest}`])
  })

  test('fetches a blob into the cache without reading it', async () => {
    await withPolicy('always').fetch?.(LAYER)
    await withPolicy('never').fetch?.(LAYER)
    expect(await buffer(await withPolicy('never').blob(LAYER))).toEqual(BLOB)
    expect(requests).toEqual([`blob ${LAYER.digest}`])
  })

  test('writes nothing to the cache for a tag that did not move', async () => {
    await manifest('always')
    const reading: ContentCache = { ...openContentCache(directory.path, { budget: 1e9 }), find: cache.find.bind(cache), fact: cache.fact.bind(cache), store: () => Promise.reject(new Error('stored')), setFact: () => Promise.reject(new Error('written')) }
    const content = cachedContent(registry, reading, 'always')
    expect((await content.manifest('latest'))?.content).toEqual(OLD)
    latest = { content: OLD, mediaType: OCI_INDEX }
    await expect(content.manifest('latest')).rejects.toThrow('stored')
  })

  test('resolves a known tag, and reads the manifest only if the tag moved', async () => {
    const resolving: ImageContent = {
      ...registry,
      resolve: async (reference) => {
        requests.push(`resolve ${reference}`)
        if (!latest || latest instanceof CnbError) return undefined
        return { mediaType: latest.mediaType, digest: digestOf(latest.content), size: latest.content.length }
      },
    }
    const content = cachedContent(resolving, cache, 'always')
    for (const next of [latest, latest, { content: OLD, mediaType: OCI_INDEX }, undefined]) {
      latest = next
      await content.manifest('latest')
    }
    expect(requests).toEqual(['manifest latest', 'resolve latest', 'resolve latest', 'manifest latest', 'resolve latest', 'manifest latest'])
  })

  test('reads a damaged blob again', async () => {
    await buffer(await withPolicy('always').blob(LAYER))
    await writeFile((await cache.find(LAYER.digest)) ?? '', 'damaged')
    expect(await buffer(await withPolicy('always').blob(LAYER, context))).toEqual(BLOB)
    expect(requests).toHaveLength(2)
    expect(events).toHaveLength(1)
  })

  test('refuses a blob with other content', async () => {
    const content = cachedContent({ ...registry, blob: async () => Readable.from([Buffer.from('other')]) }, cache, 'always')
    await expect(content.blob(LAYER)).rejects.toThrow('expected ' + LAYER.digest)
  })

  test('fails for a blob outside the cache with never', async () => {
    await expect(withPolicy('never').blob(LAYER)).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND', message: `the blob ${LAYER.digest} of r.example/team/app is not in the cache, and the pull policy is never` })
    expect(requests).toEqual([])
  })

  test.each(POLICIES)('reads a manifest by digest once from the registry, then with %s from the cache', async (policy) => {
    expect(await manifest('if-not-present', digestOf(OLD))).toBe(OLD.toString())
    latest = unreachable
    expect(await manifest(policy, digestOf(OLD))).toBe(OLD.toString())
    expect(requests).toEqual([`manifest ${digestOf(OLD)}`])
    expect(events).toEqual([])
  })

  test('keeps the media type of a document', async () => {
    latest = { content: OLD, mediaType: OCI_INDEX }
    await manifest('always')
    const descriptor = { mediaType: OCI_INDEX, digest: digestOf(OLD), size: OLD.length }
    for (const reference of ['latest', descriptor.digest]) expect(await withPolicy('never').manifest(reference)).toEqual({ descriptor, content: OLD })
  })

  test('resolves a tag in the registry with always, and without a copy with if-not-present', async () => {
    expect(await manifest('never')).toBeUndefined()
    expect(await manifest('if-not-present')).toBe(OLD.toString())
    latest = { content: NEW, mediaType: OCI_MANIFEST }
    expect(await manifest('if-not-present')).toBe(OLD.toString())
    expect(await manifest('never')).toBe(OLD.toString())
    expect(requests).toHaveLength(1)
    expect(await manifest('always')).toBe(NEW.toString())
    expect(await manifest('never')).toBe(NEW.toString())
    expect(await manifest('never', digestOf(OLD))).toBe(OLD.toString())
  })

  test('uses the last manifest of the tag with a warning if the registry cannot be reached', async () => {
    await manifest('always')
    latest = unreachable
    expect(await manifest('always')).toBe(OLD.toString())
    expect(hurries).toEqual([false, true])
    expect(events).toEqual([
      { type: 'warning', message: `using the copy of r.example/team/app:latest in the cache (${digestOf(OLD)}), which may be old: cannot reach r.example` },
    ])
    await expect(manifest('always', 'other')).rejects.toThrow('cannot reach r.example')
  })

  test('does not use the copy if a registry that cannot be reached is an error', async () => {
    await manifest('always')
    latest = unreachable
    await expect(cachedContent(registry, cache, 'always', true).manifest('latest', context)).rejects.toThrow('cannot reach r.example')
    expect([hurries, events]).toEqual([[false, false], []])
  })

  test('does not use the copy if the registry denies access, or no longer has the tag', async () => {
    await manifest('always')
    latest = new CnbError('CNB_REGISTRY_DENIED', 'denied')
    await expect(manifest('always')).rejects.toThrow('denied')
    latest = undefined
    expect(await manifest('always')).toBeUndefined()
  })

  test('does not use the manifest of a tag in another repository', async () => {
    await manifest('always')
    const other = cachedContent({ ...registry, name: 'r.example/other/app' }, cache, 'never')
    expect(await other.manifest('latest')).toBeUndefined()
  })

  test('reads the manifest again if its file or its fact is missing', async () => {
    await manifest('always')
    await writeFile((await cache.find(digestOf(OLD))) ?? '', 'damaged')
    expect(await manifest('if-not-present')).toBe(OLD.toString())
    await cache.setFact('manifest', 'r.example/team/app:latest', { digest: '../../etc/passwd', mediaType: OCI_MANIFEST })
    expect(await manifest('if-not-present')).toBe(OLD.toString())
    expect(requests).toHaveLength(3)
  })
})
