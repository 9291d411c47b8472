/** Paged lists of a registry: tags and referrers. */

import type { Context } from '../base/events.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { hexOf, isDigest, type Digest } from '../oci/digest.ts'
import { isTag } from '../oci/reference.ts'
import { discard, bodyOf, headerValues, type HttpReply } from './transport/http.ts'
import { read } from './remote-manifests.ts'
import type { RemotePath } from './remote-path.ts'

const PAGE = 1000
const MAX_PAGES = 1000
/** A registry may ignore paging and return everything at once. */
const MAX_REPLY = 16 * 1024 * 1024

/** See Repository.tags. Invalid tags are omitted. */
export async function* listTags(at: RemotePath, context: Context): AsyncGenerator<string> {
  const task = `cannot list the tags of ${at.name}`
  for await (const { tags } of pages(at, task, at.path(`tags/list?n=${PAGE}`), context)) {
    if (Array.isArray(tags)) yield* tags.filter((tag): tag is string => typeof tag === 'string' && isTag(tag))
  }
}

/** See Repository.referrers; falls back to the referrers tag (distribution-spec, "Referrers Tag Schema"). */
export async function listReferrers(at: RemotePath, digest: Digest, context: Context): Promise<Descriptor[]> {
  const task = `cannot list the referrers of ${at.nameOf(digest)}`
  const found: Descriptor[] = []
  let listed = false
  for await (const { manifests } of pages(at, task, at.path(`referrers/${digest}`), context)) {
    listed = true
    found.push(...descriptorsOf(manifests))
  }
  if (listed) return found
  const index = await read(at, `sha256-${hexOf(digest)}`, context)
  return index ? descriptorsOf((JSON.parse(index.content.toString()) as { manifests?: unknown }).manifests) : []
}

/** See Repository.listsReferrers. Older registries answer unknown paths in several ways. */
export async function hasReferrersApi(at: RemotePath, digest: Digest, context: Context): Promise<boolean> {
  const task = `cannot list the referrers of ${at.nameOf(digest)}`
  const reply = await at.call({ task, method: 'GET', path: at.path(`referrers/${digest}`), limit: MAX_REPLY, expect: [200, 400, 404, 405] }, context)
  await discard(reply)
  return reply.status === 200
}

/** Yields the pages from `path` on, as JSON objects; none if the list does not exist. */
async function* pages(at: RemotePath, task: string, path: string, context: Context): AsyncGenerator<Record<string, unknown>> {
  let next: string | URL | undefined = path
  const seen = new Set<string>()
  while (next !== undefined) {
    const reply: HttpReply = await at.call({ task, method: 'GET', path: next, limit: MAX_REPLY, expect: [200, 404] }, context)
    const content = bodyOf(reply)
    if (content === undefined) return discard(reply)
    yield objectOf(content) ?? fail(at, task, 'the reply is not JSON')
    next = nextOf(at, task, reply)
    if (next && (seen.has(next.href) || seen.size === MAX_PAGES)) fail(at, task, 'the list has an endless number of pages')
    if (next) seen.add(next.href)
  }
}

/** Returns the address of the next page (`Link`, RFC 8288), which must have the registry's origin. */
function nextOf(at: RemotePath, task: string, reply: HttpReply): URL | undefined {
  for (const link of headerValues(reply, 'link')) {
    const target = /<([^<>]*)>\s*;[^<]*\brel="?next"?/i.exec(link)?.[1]
    if (target === undefined) continue
    const url = URL.canParse(target, reply.url.href) ? new URL(target, reply.url) : undefined
    if (url?.origin !== reply.url.origin) fail(at, task, 'the next page is on another host')
    return url
  }
  return undefined
}

function descriptorsOf(list: unknown): Descriptor[] {
  if (!Array.isArray(list)) return []
  return list.filter((each): each is Descriptor => {
    const { mediaType, digest, size } = (each ?? {}) as Record<string, unknown>
    return typeof mediaType === 'string' && typeof digest === 'string' && isDigest(digest) && Number.isSafeInteger(size)
  })
}

function objectOf(content: Buffer): Record<string, unknown> | undefined {
  try {
    return (JSON.parse(content.toString()) ?? undefined) as Record<string, unknown> | undefined
  } catch {
    return undefined
  }
}

function fail(at: RemotePath, task: string, why: string): never {
  throw at.untrusted(task, why)
}
