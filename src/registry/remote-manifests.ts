/** Resolves, reads, stores and removes manifests and indexes of a repository. */

import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { digestOf, isDigest, type Digest } from '../oci/digest.ts'
import { MAX_MANIFEST_BYTES } from '../oci/manifest.ts'
import { DOCKER_INDEX, DOCKER_MANIFEST, isIndexType, isManifestType, OCI_INDEX, OCI_MANIFEST } from '../oci/media-types.ts'
import { isTag } from '../oci/reference.ts'
import { discard, bodyOf, header, type HttpReply } from './transport/http.ts'
import type { Manifest, NewManifest } from './registry.ts'
import type { RemotePath } from './remote-path.ts'

const ACCEPT = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_INDEX].join(', ')

/** See Repository.resolve. */
export async function resolve(at: RemotePath, reference: string, context: Context): Promise<Descriptor | undefined> {
  const path = manifestPath(at, reference)
  const task = `cannot look up ${at.nameOf(reference)}`
  const reply = await at.call({ task, method: 'HEAD', path, headers: { accept: ACCEPT }, expect: [200, 404, 405] }, context)
  await discard(reply)
  if (reply.status === 404) return undefined
  const digest = header(reply, 'docker-content-digest')
  const size = Number(header(reply, 'content-length') ?? NaN)
  const mediaType = mediaTypeOf(reply)
  const complete = reply.status === 200 && digest !== undefined && isDigest(digest) && Number.isSafeInteger(size) && size > 0
  if (!complete || !(isIndexType(mediaType) || isManifestType(mediaType))) return (await read(at, reference, context))?.descriptor
  if (isDigest(reference) && digest !== reference) throw at.untrusted(task, `the registry reports the digest ${digest}`)
  return { mediaType, digest, size }
}

/** See Repository.manifest. */
export async function read(at: RemotePath, reference: string, context: Context): Promise<Manifest | undefined> {
  const path = manifestPath(at, reference)
  const task = `cannot read the manifest of ${at.nameOf(reference)}`
  const reply = await at.call({ task, method: 'GET', path, headers: { accept: ACCEPT }, limit: MAX_MANIFEST_BYTES, expect: [200, 404] }, context)
  const content = bodyOf(reply)
  if (content === undefined) {
    await discard(reply)
    return undefined
  }
  const digest = digestOf(content)
  const said = header(reply, 'docker-content-digest')
  const expected = isDigest(reference) ? reference : said !== undefined && isDigest(said) ? said : digest
  if (digest !== expected) throw at.untrusted(task, `the content has digest ${digest}, expected ${expected}`)
  const mediaType = typeOf(content, mediaTypeOf(reply))
  if (mediaType === undefined) throw at.untrusted(task, 'it is not JSON, or does not have the declared media type')
  return { descriptor: { mediaType, digest, size: content.length }, content }
}

/** See Repository.putManifest. */
export async function put(at: RemotePath, reference: string, manifest: NewManifest, context: Context): Promise<Descriptor> {
  const { mediaType, content } = manifest
  const path = manifestPath(at, reference)
  const task = `cannot store ${at.nameOf(reference)}`
  const headers = { 'content-type': mediaType }
  const reply = await at.call({ task, method: 'PUT', path, access: 'push', headers, body: content, expect: [200, 201, 202] }, context)
  await discard(reply)
  const digest = digestOf(content)
  const said = header(reply, 'docker-content-digest')
  if (said !== undefined && isDigest(said) && said !== digest) throw at.untrusted(task, `the registry reports that it stored ${said}`)
  return { mediaType, digest, size: content.length }
}

/** See Repository.deleteManifest. */
export async function remove(at: RemotePath, digest: Digest, context: Context): Promise<void> {
  const task = `cannot delete ${at.nameOf(digest)}`
  const expect = [200, 202, 204, 404]
  await discard(await at.call({ task, method: 'DELETE', path: manifestPath(at, digest), access: 'delete', expect }, context))
}

function manifestPath(at: RemotePath, reference: string): string {
  if (isTag(reference) || isDigest(reference)) return at.path(`manifests/${reference}`)
  throw new CnbError('CNB_REFERENCE_INVALID', `'${reference}' is neither a tag nor a digest`)
}

function mediaTypeOf(reply: HttpReply): string {
  return (header(reply, 'content-type') ?? '').replace(/;.*$/s, '').trim().toLowerCase()
}

/** A document declares its own type. An ambiguous one could be read as another image by the next client (CVE-2021-41190). */
function typeOf(content: Buffer, said: string): string | undefined {
  const { mediaType, manifests, layers } = parse(content) ?? { manifests: [], layers: [] }
  if (manifests !== undefined && layers !== undefined) return undefined
  const isKnown = isIndexType(said) || isManifestType(said)
  if (typeof mediaType !== 'string') return isKnown ? said : manifests === undefined ? OCI_MANIFEST : OCI_INDEX
  return isKnown && said !== mediaType ? undefined : mediaType
}

function parse(content: Buffer): { mediaType?: unknown; manifests?: unknown; layers?: unknown } | undefined {
  try {
    return (JSON.parse(content.toString()) ?? undefined) as { mediaType?: unknown } | undefined
  } catch {
    return undefined
  }
}
