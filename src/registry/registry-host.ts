/** A registry host: its origin and authorization, and requests that return a reply or throw a CnbError. */

import { setMaxListeners } from 'node:events'
import { type Clock, timeLimit } from '../base/clock.ts'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { abortable } from './transport/abortable.ts'
import { Authorizer } from './auth/authorizer.ts'
import { isRefused, singleLine, isUntrustedCertificate, registryRefusal, registryError } from './registry-errors.ts'
import { discard, headerValues, type Exchange, type HttpReply, type HttpRequest } from './transport/http.ts'
import type { Keychain } from './auth/keychain.ts'
import type { ReadContext, RegistryAnswer } from './registry.ts'
import { followingRedirects } from './transport/redirects.ts'
import { retrying } from './transport/retries.ts'
import { isLoopback } from './transport/untrusted-address.ts'

/** Time limit for the first of TLS and plain HTTP if both are tried. */
const FIRST_PATIENCE_MS = 2000
/** The first reply needs no work of the registry. Docker waits as long for it. */
const PING_PATIENCE_MS = 15_000
/** How long an unreachable host is not retried: a list of images fails immediately, not after a minute for each image. */
const UNREACHABLE_MS = 30_000
const HUB = 'docker.io'
const HUB_ADDRESS = 'registry-1.docker.io'

/** Options that all registry hosts share. */
export interface HostOptions {
  readonly exchange: Exchange
  readonly keychain: Keychain
  readonly clock: Clock
  readonly isInsecure: (host: string) => boolean
  readonly userAgent: string
  /** Receives warnings of registries (`Warning: 299`). */
  readonly warn: (message: string) => void
  /** Aborts operations that several calls share. */
  readonly closing: AbortSignal
}

export interface RegistryCall {
  /** The task, for messages: `cannot read x`. */
  readonly task: string
  readonly method: HttpRequest['method']
  /** A path from the host's root; or a URL that `targetOf` accepted. */
  readonly path: string | URL
  /** The scopes that a token must allow: `repository:team/app:pull`. */
  readonly scopes: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: HttpRequest['body']
  readonly limit?: HttpRequest['limit']
  /** The expected statuses; all others are refusals. */
  readonly expect: readonly number[]
}

export class RegistryHost {
  /** The name as users write it. */
  readonly name: string
  readonly #options: HostOptions
  readonly #exchange: Exchange
  readonly #authorizer: Authorizer
  #connecting: Promise<URL> | undefined
  /** The origin, once known. */
  #origin: URL | undefined
  #failed = -Infinity
  /** Whether `#connecting` ends at the first refused connection. */
  #isHasty = false
  /** By the signal of the calls. */
  readonly #signals = new WeakMap<AbortSignal, AbortSignal>()

  constructor(name: string, options: HostOptions) {
    this.name = name
    this.#options = options
    const { keychain, clock, closing, userAgent, exchange } = options
    const named: Exchange = (request) => exchange({ ...request, headers: { ...request.headers, 'user-agent': userAgent } })
    this.#exchange = retrying(followingRedirects(named), clock)
    this.#authorizer = new Authorizer({ host: name, keychain, exchange: this.#exchange, clock, closing })
  }

  get clock(): Clock {
    return this.#options.clock
  }

  /** Aborted with the context's signal, or when connections are closed. Shared by all calls of a run: each signal costs more than a call. */
  signalOf({ signal }: Context): AbortSignal {
    const { closing } = this.#options
    if (!signal) return closing
    const known = this.#signals.get(signal)
    if (known) return known
    const joined = AbortSignal.any([closing, signal])
    setMaxListeners(0, joined)
    this.#signals.set(signal, joined)
    return joined
  }

  /** Whether `url` belongs to the registry itself and may receive credentials. */
  #isOwn(url: URL): boolean {
    return url.origin === this.#origin?.origin
  }

  /**
   * Sends a request. Transient failures are retried, unless the body is a stream.
   * @throws CnbError CNB_REGISTRY_DENIED, CNB_REGISTRY_UNREACHABLE, CNB_REGISTRY_FAILED, or the signal's reason
   */
  async call(call: RegistryCall, context: ReadContext): Promise<HttpReply> {
    const signal = this.signalOf(context)
    let reply: HttpReply
    try {
      const origin = this.#origin ?? (await abortable(this.#connected(context.hasCopy ?? false), signal))
      const { method, path, headers = {}, body, limit } = call
      const request = { method, url: new URL(path, origin), headers, body, limit, signal }
      reply = await this.#authorized(request, call.scopes)
    } catch (error) {
      throw registryError(error, call.task, this.name, signal)
    }
    for (const warning of headerValues(reply, 'warning')) this.#warn(warning)
    if (call.expect.includes(reply.status)) return reply
    throw await registryRefusal(call.task, this.name, reply)
  }

  /** See Registries.ping. */
  async ping(context: Context): Promise<RegistryAnswer> {
    const call: RegistryCall = { task: `cannot use the registry ${this.name}`, method: 'GET', path: '/v2/', scopes: [], expect: [200, 401] }
    const reply = await this.call(call, { ...context, hasCopy: true })
    await discard(reply)
    const ahead = Date.parse(headerValues(reply, 'date')[0] ?? '') - this.clock.now()
    return { origin: reply.url.origin, isAllowed: reply.status === 200, ...(Number.isNaN(ahead) ? {} : { aheadMs: ahead }) }
  }

  async #authorized(request: HttpRequest, scopes: readonly string[]): Promise<HttpReply> {
    const send = async (authorization: string | undefined): Promise<HttpReply> =>
      this.#exchange(authorization ? { ...request, headers: { ...request.headers, authorization } } : request)
    const own = this.#isOwn(request.url)
    const authorization = own ? await this.#authorizer.header(scopes, request.signal) : undefined
    const reply = await send(authorization)
    if (reply.status !== 401 || !own || !this.#isOwn(reply.url)) return reply
    const wanted = this.#authorizer.learn(reply, authorization)
    if (request.body && !Buffer.isBuffer(request.body)) return reply
    const better = await this.#authorizer.header([...new Set([...scopes, ...wanted])], request.signal)
    if (better === undefined || better === authorization) return reply
    await discard(reply)
    return send(better)
  }

  /** The host's origin, determined once by the first call. @param hasCopy whether a refused connection is not tried again */
  #connected(hasCopy: boolean): Promise<URL> {
    const isOver = this.#options.clock.now() - this.#failed > UNREACHABLE_MS
    if (this.#connecting && (isOver || (this.#isHasty && !hasCopy))) this.#connecting = undefined
    if (!this.#connecting) {
      this.#failed = Infinity
      this.#isHasty = hasCopy
      const connecting = (this.#connecting = this.#connect(hasCopy))
      connecting.then(
        (origin) => (this.#origin = origin),
        () => {
          if (this.#connecting === connecting) this.#failed = this.#options.clock.now()
        },
      )
    }
    return this.#connecting
  }

  async #connect(isHasty: boolean): Promise<URL> {
    const { exchange, clock, closing, isInsecure, userAgent } = this.#options
    const address = this.name === HUB ? HUB_ADDRESS : this.name
    const https = new URL(`https://${address}/v2/`)
    const ping: HttpRequest = { method: 'GET', url: https, headers: { 'user-agent': userAgent }, signal: closing, replyWithin: PING_PATIENCE_MS }
    const first = isLoopback(https) ? plainFirst(exchange) : isInsecure(this.name) ? plainWhereNoTls(exchange) : exchange
    const reply = await retrying(first, clock, isHasty ? isRefused : undefined)(ping)
    if (reply.status === 401) this.#authorizer.learn(reply, undefined)
    await discard(reply)
    return new URL('/', reply.url)
  }

  #warn(header: string): void {
    const text = /^299 \S+ "((?:[^"\\]|\\.)*)"/.exec(header)?.[1]?.replace(/\\(.)/g, '$1')
    if (text) this.#options.warn(`warning of registry ${this.name}: ${singleLine(text)}`)
  }
}

/** Tries `exchange` with plain HTTP, then TLS: a registry of this machine seldom has a certificate, and an attempt with TLS takes 30 ms. */
function plainFirst(exchange: Exchange): Exchange {
  return async (request) => {
    const reply = await exchange({ ...withoutTls(request), replyWithin: FIRST_PATIENCE_MS }).catch(() => undefined)
    if (reply && [200, 401].includes(reply.status)) return reply
    if (reply) await discard(reply)
    return plainWhereNoTls(exchange)(request)
  }
}

/** Tries `exchange` with TLS, then plain HTTP. An untrusted certificate stays an error, and so does a local problem. */
function plainWhereNoTls(exchange: Exchange): Exchange {
  return async (request) => {
    try {
      return await exchange({ ...request, signal: AbortSignal.any([request.signal, timeLimit(FIRST_PATIENCE_MS)]) })
    } catch (error) {
      if (request.signal.aborted || isUntrustedCertificate(error) || error instanceof CnbError) throw error
      return exchange(withoutTls(request))
    }
  }
}

function withoutTls(request: HttpRequest): HttpRequest {
  return { ...request, url: new URL(request.url.href.replace(/^https/, 'http')) }
}
