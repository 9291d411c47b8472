/** Valid manifests of excessive size, for rules of startFaultProxy on `/manifests/`. */

import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { digestOf } from '../../../src/oci/digest.ts'
import type { Fault } from '../fakes/fault-proxy.ts'

const INDEX = 'application/vnd.oci.image.index.v1+json'
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const PLATFORM = { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' }

const headersOf = (mediaType: string, digest: string, length: number): Record<string, string> => ({
  'content-type': mediaType,
  'docker-content-digest': digest,
  'content-length': String(length),
})

/** A manifest of at least the given number of bytes, which are generated while they are sent. */
export function oversizedManifest(bytes: number): Fault {
  const document = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, layers: [], annotations: { padding: '|' } })
  const [head, tail] = document.split('|') as [string, string]
  const block = Buffer.alloc(64 * 1024, 'x')
  const blocks = Math.ceil(bytes / block.length)
  const contents = function* (): Generator<Buffer> {
    yield Buffer.from(head)
    for (let count = 0; count < blocks; count++) yield block
    yield Buffer.from(tail)
  }
  const hash = createHash('sha256')
  for (const part of contents()) hash.update(part)
  const headers = headersOf(MANIFEST, `sha256:${hash.digest('hex')}`, head.length + blocks * block.length + tail.length)
  return ({ reply }) => reply(200, headers, Readable.from(contents()))
}

/** An index with the given number of entries for this platform; none of them exists. */
export function wideIndex(entries: number): Fault {
  const digestAt = (index: number): string => `sha256:${index.toString(16).padStart(64, '0')}`
  const entry = { mediaType: MANIFEST, size: 500, platform: PLATFORM }
  const manifests = Array.from({ length: entries }, (_, index) => ({ ...entry, digest: digestAt(index) }))
  return serve([JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests })])
}

/** Nested indexes, `depth` deep, each with `width` entries for the same index: following all of them takes `width` ** `depth` requests. */
export function nestedIndexes(depth: number, width = 10): Fault {
  const documents = [JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [] })]
  while (documents.length < depth) {
    const inner = documents[0]!
    const entry = { mediaType: INDEX, digest: digestOf(inner), size: inner.length }
    documents.unshift(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: Array.from({ length: width }, () => entry) }))
  }
  return serve(documents)
}

/** Sends the first one for any tag, and each for its digest. */
function serve(documents: readonly string[]): Fault {
  const byDigest = new Map(documents.map((document): [string, string] => [digestOf(document), document]))
  return ({ request, reply }) => {
    const wanted = decodeURIComponent(new URL(request.url ?? '', 'http://proxy').pathname.split('/').at(-1) ?? '')
    const document = wanted.includes(':') ? byDigest.get(wanted) : documents[0]
    if (document === undefined) return reply(404, { 'content-length': 0 })
    return reply(200, headersOf(INDEX, digestOf(document), document.length), Readable.from([Buffer.from(document)]))
  }
}
