/** A registry in memory on a free port of this machine; test/contract/registry tests it. */

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { digestOf, isDigest, type Digest } from '../../../src/oci/digest.ts'
import { MemoryAuth, type MemoryAuthOptions } from './memory-registry-auth.ts'

export interface MemoryRegistryOptions {
  auth?: MemoryAuthOptions
  /** The value of `OCI-Chunk-Min-Length` in replies. */
  chunkMinimum?: number
  /** The size limit of a PATCH body; larger ones get 413. */
  chunkMaximum?: number
  /** Whether the referrers API is available; default: true. */
  referrers?: boolean
  /** Whether blobs are mounted; default: true. */
  mount?: boolean
  /** Key and certificate for HTTPS; default: HTTP. */
  tls?: { key: string; cert: string }
  /** The number of tags in one page; default: as requested. */
  page?: number
}

/** A request as received. */
export interface SeenRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: IncomingMessage['headers']
}

/** Replies in place of the registry and returns true, or returns false. */
export type Interceptor = (request: IncomingMessage, response: ServerResponse, url: URL) => boolean | Promise<boolean>

interface StoredManifest {
  mediaType: string
  content: Buffer
}

interface Repository {
  blobs: Map<string, Buffer>
  manifests: Map<string, StoredManifest>
  tags: Map<string, string>
}

export class MemoryRegistry implements AsyncDisposable {
  /** All requests so far; those to the token server have paths that begin with `/token`. */
  readonly requests: SeenRequest[] = []
  readonly repositories = new Map<string, Repository>()
  /** The bytes of open upload sessions. */
  readonly uploads = new Map<string, Buffer>()
  /** The number of connections so far. */
  connections = 0
  intercept: Interceptor | undefined
  readonly auth: MemoryAuth | undefined
  readonly #options: MemoryRegistryOptions
  readonly #server: Server

  constructor(options: MemoryRegistryOptions = {}) {
    this.#options = options
    this.auth = options.auth && new MemoryAuth(options.auth)
    const serve = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response)
    this.#server = options.tls ? createTlsServer(options.tls, serve) : createServer(serve)
    this.#server.on('connection', () => this.connections++)
    // Data that is not HTTP, such as a TLS handshake, ends the connection.
    this.#server.on('clientError', (_error, socket) => socket.destroy())
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  /** `127.0.0.1:<port>`, the registry in the names of its images. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** A repository's content; tests can change it. */
  repository(name: string): Repository {
    const found = this.repositories.get(name) ?? { blobs: new Map(), manifests: new Map(), tags: new Map() }
    this.repositories.set(name, found)
    return found
  }

  /** Methods and paths of the requests since the last call, without queries. */
  takeRequests(): string[] {
    return this.requests.splice(0).map(({ method, path }) => `${method} ${path.replace(/\?.*/, '')}`)
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', `http://${this.address}`)
    this.requests.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers })
    try {
      if (await this.intercept?.(request, response, url)) return
      if (url.pathname === '/token') return await this.auth!.serveToken(request, response, url)
      const denied = this.auth?.check(request, url, this.address)
      if (denied) return refuse(response, denied.status, denied.code, denied.message, denied.headers)
      await this.#answer(request, response, url)
    } catch {
      response.destroy()
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    if (url.pathname === '/v2/') return reply(response, 200, {}, '{}')
    const [, name, kind, rest] = /^\/v2\/(.+?)\/(manifests|blobs\/uploads|blobs|tags|referrers)\/(.*)$/.exec(url.pathname) ?? []
    if (name === undefined || rest === undefined) return refuse(response, 404, 'NOT_FOUND', 'there is nothing here')
    if (kind === 'manifests') return this.#manifest(request, response, name, rest)
    if (kind === 'blobs') return this.#blob(request, response, name, rest)
    if (kind === 'tags') return this.#tags(response, name, url)
    if (kind === 'referrers') return this.#referrers(response, name, rest)
    return this.#upload(request, response, name, rest, url)
  }

  async #manifest(request: IncomingMessage, response: ServerResponse, name: string, reference: string): Promise<void> {
    if (request.method === 'PUT') return this.#putManifest(request, response, name, reference)
    const { manifests, tags } = this.repository(name)
    const digest = isDigest(reference) ? reference : tags.get(reference)
    const found = digest === undefined ? undefined : manifests.get(digest)
    if (!digest || !found) return refuse(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown')
    if (request.method === 'DELETE') {
      manifests.delete(digest)
      for (const [tag, target] of tags) if (target === digest) tags.delete(tag)
      return reply(response, 202)
    }
    reply(response, 200, { 'content-type': found.mediaType, 'docker-content-digest': digest, 'content-length': found.content.length }, found.content)
  }

  async #putManifest(request: IncomingMessage, response: ServerResponse, name: string, reference: string): Promise<void> {
    const { blobs, manifests, tags } = this.repository(name)
    const content = await buffer(request)
    const digest = digestOf(content)
    const { config, layers = [], manifests: children = [] } = JSON.parse(content.toString()) as Record<string, { digest: string }[]> & { config?: { digest: string } }
    const missing = [...(config ? [config] : []), ...layers].find((each) => !blobs.has(each.digest))
    const orphan = children.find((each) => !manifests.has(each.digest))
    if (missing) return refuse(response, 404, 'MANIFEST_BLOB_UNKNOWN', 'blob unknown to registry')
    if (orphan) return refuse(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown')
    if (isDigest(reference) && reference !== digest) return refuse(response, 400, 'DIGEST_INVALID', 'provided digest did not match uploaded content')
    manifests.set(digest, { mediaType: request.headers['content-type'] ?? '', content })
    if (!isDigest(reference)) tags.set(reference, digest)
    reply(response, 201, { 'docker-content-digest': digest, location: `/v2/${name}/manifests/${digest}` })
  }

  #blob(request: IncomingMessage, response: ServerResponse, name: string, digest: string): void {
    const blob = this.repository(name).blobs.get(digest)
    if (!blob) return refuse(response, 404, 'BLOB_UNKNOWN', 'blob unknown to registry')
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const part = blob.subarray(start)
    const range: Record<string, string> = start > 0 ? { 'content-range': `bytes ${start}-${blob.length - 1}/${blob.length}` } : {}
    reply(response, start > 0 ? 206 : 200, { ...range, 'docker-content-digest': digest, 'content-length': part.length }, part)
  }

  #tags(response: ServerResponse, name: string, url: URL): void {
    const tags = [...(this.repositories.get(name)?.tags.keys() ?? [])].sort()
    if (tags.length === 0) return refuse(response, 404, 'NAME_UNKNOWN', 'repository name not known to registry')
    const last = url.searchParams.get('last')
    const count = this.#options.page ?? Number(url.searchParams.get('n') ?? Infinity)
    const from = last === null ? 0 : tags.findIndex((tag) => tag > last)
    const page = tags.slice(from, from + count)
    const more = from + count < tags.length
    const link: Record<string, string> = more ? { link: `</v2/${name}/tags/list?n=${count}&last=${page.at(-1)}>; rel="next"` } : {}
    reply(response, 200, link, JSON.stringify({ name, tags: page }))
  }

  #referrers(response: ServerResponse, name: string, subject: string): void {
    if (this.#options.referrers === false) return refuse(response, 404, 'NOT_FOUND', 'there is nothing here')
    const manifests = [...this.repository(name).manifests].flatMap(([digest, { mediaType, content }]) => {
      const document = JSON.parse(content.toString()) as { subject?: { digest: string }; artifactType?: string; annotations?: object }
      const { artifactType, annotations } = document
      return document.subject?.digest === subject ? [{ mediaType, digest, size: content.length, artifactType, annotations }] : []
    })
    const mediaType = 'application/vnd.oci.image.index.v1+json'
    reply(response, 200, { 'content-type': mediaType }, JSON.stringify({ schemaVersion: 2, mediaType, manifests }))
  }

  async #upload(request: IncomingMessage, response: ServerResponse, name: string, id: string, url: URL): Promise<void> {
    if (request.method === 'POST') return this.#begin(response, name, url)
    const body = await buffer(request)
    const sent = this.uploads.get(id)
    if (!sent) return refuse(response, 404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry')
    if (request.method === 'DELETE') {
      this.uploads.delete(id)
      return reply(response, 204)
    }
    const state = (status: number, bytes: Buffer): void =>
      reply(response, status, { location: `/v2/${name}/blobs/uploads/${id}?_state=s3cret`, range: `0-${Math.max(bytes.length - 1, 0)}` })
    if (request.method === 'GET') return state(204, sent)
    if (request.method === 'PATCH' && body.length > (this.#options.chunkMaximum ?? Infinity)) return refuse(response, 413, 'SIZE_INVALID', 'too large')
    const start = Number(/^(\d+)-/.exec(request.headers['content-range'] ?? '')?.[1] ?? sent.length)
    if (start !== sent.length) return refuse(response, 416, 'BLOB_UPLOAD_INVALID', 'another part is expected')
    const bytes = Buffer.concat([sent, body])
    this.uploads.set(id, bytes)
    if (request.method === 'PATCH') return state(202, bytes)
    const digest = url.searchParams.get('digest')
    if (url.searchParams.get('_state') !== 's3cret') return refuse(response, 400, 'BLOB_UPLOAD_INVALID', 'the state is lost')
    if (digest !== digestOf(bytes)) return refuse(response, 400, 'DIGEST_INVALID', 'provided digest did not match uploaded content')
    this.uploads.delete(id)
    this.repository(name).blobs.set(digest, bytes)
    reply(response, 201, { 'docker-content-digest': digest, location: `/v2/${name}/blobs/${digest}` })
  }

  #begin(response: ServerResponse, name: string, url: URL): void {
    const mount = url.searchParams.get('mount') as Digest | null
    const blob = mount && this.repositories.get(url.searchParams.get('from') ?? '')?.blobs.get(mount)
    if (mount && blob && this.#options.mount !== false) {
      this.repository(name).blobs.set(mount, blob)
      return reply(response, 201, { 'docker-content-digest': mount, location: `/v2/${name}/blobs/${mount}` })
    }
    const id = randomUUID()
    this.uploads.set(id, Buffer.alloc(0))
    const minimum: Record<string, number> = this.#options.chunkMinimum === undefined ? {} : { 'oci-chunk-min-length': this.#options.chunkMinimum }
    reply(response, 202, { ...minimum, location: `/v2/${name}/blobs/uploads/${id}?_state=s3cret`, range: '0-0' })
  }
}

/** Starts a registry; disposal stops it. */
export function startMemoryRegistry(options?: MemoryRegistryOptions): Promise<MemoryRegistry> {
  return new MemoryRegistry(options).start()
}

/** Replies with status, headers and body. */
export function reply(response: ServerResponse, status: number, headers: Record<string, string | number> = {}, body: string | Buffer = ''): void {
  response.writeHead(status, headers).end(body)
}

/** Replies with a registry error. */
export function refuse(response: ServerResponse, status: number, code: string, message: string, headers: Record<string, string> = {}): void {
  reply(response, status, { 'content-type': 'application/json', ...headers }, JSON.stringify({ errors: [{ code, message }] }))
}
