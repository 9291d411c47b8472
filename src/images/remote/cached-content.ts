/** Keeps the manifests and blobs of a registry in the cache of downloads, and reads them from there. */

import { createReadStream } from 'node:fs'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { readBounded } from '../../base/bounded-file.ts'
import { CnbError, toCnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { isDigest, type Digest } from '../../oci/digest.ts'
import { MAX_MANIFEST_BYTES } from '../../oci/manifest.ts'
import type { ContentCache } from '../../registry/download/content-cache.ts'
import type { ReadContext } from '../../registry/registry.ts'
import type { PullPolicy } from '../find/find-image.ts'
import type { ImageContent, StoredDocument } from '../stored-image.ts'

/** Bytes per read: layers pass through many streams. */
const PIECE = 256 * 1024

/**
 * Wraps the content of a repository. Content of a known digest is read from the cache if it is there. A tag is resolved in the registry
 * with `always`; with `if-not-present` if the cache has no manifest for it; with `never` not at all. If the registry cannot be reached,
 * the last manifest of the tag is used, with a warning.
 * @param isStrict a registry that cannot be reached is an error
 */
export function cachedContent(content: ImageContent, cache: ContentCache, policy: PullPolicy, isStrict = false): ImageContent {
  const { name, repository } = content
  const stored = async (descriptor: Descriptor, context: Context = {}): Promise<string> => {
    const { digest } = descriptor
    const path = await cache.find(digest, context)
    if (path !== undefined) return path
    if (policy === 'never') throw notInCache(`the blob ${digest} of ${name}`)
    return cache.store(digest, (signal) => content.blob(descriptor, signal ? { signal } : {}), context)
  }
  return {
    name,
    ...(repository === undefined ? {} : { repository }),
    manifest: (reference, context = {}) => {
      const manifests = { content, cache, reference, context }
      return isDigest(reference) ? byDigest(manifests, reference, policy) : byTag(manifests, policy, isStrict)
    },
    blob: async (descriptor, context) => opened(await stored(descriptor, context)),
    fetch: async (descriptor, context) => void (await stored(descriptor, context)),
  }
}

interface Manifests {
  readonly content: ImageContent
  readonly cache: ContentCache
  readonly reference: string
  readonly context: Context
}

/** The facts about a manifest: its media type by digest, and its digest and media type by name and tag. */
interface ManifestFact {
  readonly digest: Digest
  readonly mediaType: string
}

async function byDigest(manifests: Manifests, digest: Digest, policy: PullPolicy): Promise<StoredDocument | undefined> {
  const known = await readKnown(manifests, digest)
  if (known || policy === 'never') return known
  return fetchManifest(manifests)
}

async function byTag(manifests: Manifests, policy: PullPolicy, isStrict: boolean): Promise<StoredDocument | undefined> {
  const { content, reference, context } = manifests
  const known = await readKnown(manifests, `${content.name}:${reference}`)
  if (policy === 'never' || (policy === 'if-not-present' && known)) return known
  try {
    const hurried: ReadContext = { ...context, hasCopy: known !== undefined && !isStrict }
    // Registries that limit the rate of pulls do not count this request.
    if (known && isSame(await content.resolve?.(reference, hurried), known)) return known
    return await fetchManifest({ ...manifests, context: hurried }, known)
  } catch (error) {
    const { code, message } = toCnbError(error)
    if (!known || isStrict || code !== 'CNB_REGISTRY_UNREACHABLE') throw error
    const text = `using the copy of ${content.name}:${reference} in the cache (${known.descriptor.digest}), which may be old: ${message}`
    context.events?.({ type: 'warning', message: text })
    return known
  }
}

/** @param key the digest, or the name with its tag */
async function readKnown({ cache, context }: Manifests, key: string): Promise<StoredDocument | undefined> {
  const { digest, mediaType } = ((await cache.fact('manifest', key)) ?? {}) as Partial<ManifestFact>
  if (typeof digest !== 'string' || !isDigest(digest) || typeof mediaType !== 'string' || (isDigest(key) && key !== digest)) return undefined
  const path = await cache.find(digest, context)
  if (path === undefined) return undefined
  const bytes = await readBounded(path, { max: MAX_MANIFEST_BYTES, signal: context.signal })
  return { descriptor: { mediaType, digest, size: bytes.length }, content: bytes }
}

/** @param known the tag's manifest in the cache */
async function fetchManifest({ content, cache, reference, context }: Manifests, known?: StoredDocument): Promise<StoredDocument | undefined> {
  const found = await content.manifest(reference, context)
  if (!found || isSame(found.descriptor, known)) return found
  const { digest, mediaType } = found.descriptor
  await cache.store(digest, () => Promise.resolve(Readable.from([found.content])), context)
  const keys = [digest, ...(isDigest(reference) ? [] : [`${content.name}:${reference}`])]
  for (const key of keys) await cache.setFact('manifest', key, { digest, mediaType } satisfies ManifestFact)
  return found
}

function isSame(descriptor: Descriptor | undefined, known: StoredDocument | undefined): boolean {
  return descriptor !== undefined && descriptor.digest === known?.descriptor.digest && descriptor.mediaType === known.descriptor.mediaType
}

/** Opens a file of the cache. Once open, it can be read to its end, even if another process removes it from the cache. */
async function opened(path: string): Promise<Readable> {
  const stream = createReadStream(path, { highWaterMark: PIECE })
  await once(stream, 'open')
  return stream
}

function notInCache(what: string): CnbError {
  return new CnbError('CNB_IMAGE_NOT_FOUND', `${what} is not in the cache, and the pull policy is never`, {
    hint: 'Use --pull-policy if-not-present instead of never.',
  })
}
