/** Downloads files from http and https addresses through the cache. */

import { Readable } from 'node:stream'
import { type Clock, timeLimit } from '../../base/clock.ts'
import { CnbError } from '../../base/errors.ts'
import { step, type Context } from '../../base/events.ts'
import { shownAddress } from '../../formats/shown-address.ts'
import { isDigest, type Digest } from '../../oci/digest.ts'
import { isRefused, isTransient } from '../registry-errors.ts'
import { discard, header, type Exchange, type HttpReply } from '../transport/http.ts'
import { MAX_TRIES, pauseAfter, retrying } from '../transport/retries.ts'
import { followingRedirects, type RedirectRules } from '../transport/redirects.ts'
import type { ContentCache, StoredContent } from './content-cache.ts'
import { downloadError, statusError, SourceUnavailable } from './download-errors.ts'

/** `always` checks the server for a newer file, `if-not-present` downloads only without a copy in the cache, `never` not at all. */
export type DownloadPolicy = 'always' | 'if-not-present' | 'never'

export interface DownloadServices {
  readonly exchange: Exchange
  readonly cache: ContentCache
  readonly clock: Clock
  readonly userAgent: string
  readonly limits?: DownloadLimits
}

export interface DownloadLimits {
  readonly bytes: number
  readonly ms: number
}

export interface Download {
  readonly path: string
  readonly digest: Digest
}

/** The context of one download. */
export interface DownloadContext extends Context {
  /** The header `Authorization`, instead of the address's user and password. It is sent to the address's origin only. */
  readonly authorization?: string
}

/** The largest packages of buildpacks have some hundred MB. */
const LIMITS: DownloadLimits = { bytes: 4 * 1024 ** 3, ms: 30 * 60 * 1000 }

const REDIRECTS: RedirectRules = {
  max: 10,
  sender: 'the server',
  // Releases of GitHub are on another host.
  refuse: (from, to) => (to.host !== from.host && to.protocol !== 'https:' ? `leads to another host without https, ${to.host}` : undefined),
}

/**
 * Returns the file at `address`, from the server or the cache. User and password of the address are sent to its own origin only. If the
 * server cannot be reached, the copy in the cache is used, with a warning.
 * @throws CnbError CNB_DOWNLOAD_FAILED, CNB_USAGE for another kind of address, CNB_OUTPUT, CNB_INTERRUPTED
 */
export async function downloadUrl(address: string, services: DownloadServices, policy: DownloadPolicy, context: DownloadContext = {}): Promise<Download> {
  const { url, shown, ...own } = readAddress(address)
  const authorization = context.authorization ?? own.authorization
  const copy = await findCopy(url, services.cache, context)
  if (copy && policy !== 'always') return copy
  if (policy === 'never') {
    throw new CnbError('CNB_DOWNLOAD_FAILED', `cannot use ${shown}: it is not in the cache, and the pull policy is never`, {
      hint: 'Use --pull-policy if-not-present to download it.',
    })
  }
  try {
    return await step(context, `downloading ${shown}`, () => fetchFile({ url, authorization, shown }, copy, services, context))
  } catch (error) {
    if (!copy || !(error instanceof SourceUnavailable)) throw error
    context.events?.({ type: 'warning', message: `using the copy of ${shown} in the cache, which may be old: ${error.message}` })
    return copy
  }
}

/** Forgets the content of `address`, which proved useless: the next download reads it from the server. */
export async function forgetUrl(address: string, cache: ContentCache): Promise<void> {
  await cache.setFact('url', readAddress(address).url.href, null)
}

interface Address {
  /** Without user and password. */
  readonly url: URL
  readonly authorization: string | undefined
  /** For messages: without a query, which may contain a token. */
  readonly shown: string
}

function readAddress(address: string): Address {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new CnbError('CNB_USAGE', 'cannot download from an address that is not an http or https URL', { hint: 'Write https://host/path.' })
  }
  const { username, password } = url
  const authorization = username || password ? `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}` : undefined
  url.username = url.password = url.hash = ''
  return { url, authorization, shown: shownAddress(address) }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

interface Copy extends Download {
  readonly etag?: string
  readonly modified?: string
}

async function findCopy(url: URL, cache: ContentCache, context: Context): Promise<Copy | undefined> {
  const fact = (await cache.fact('url', url.href)) as Record<string, unknown> | null | undefined
  if (typeof fact?.digest !== 'string' || !isDigest(fact.digest)) return undefined
  const path = await cache.find(fact.digest, context)
  if (path === undefined) return undefined
  const text = (key: string): string | undefined => (typeof fact[key] === 'string' ? fact[key] : undefined)
  return { path, digest: fact.digest, etag: text('etag'), modified: text('modified') }
}

/** Downloads the file, unless the server confirms that the copy is current. A broken download starts again. */
async function fetchFile({ url, authorization, shown }: Address, copy: Copy | undefined, services: DownloadServices, context: Context): Promise<Download> {
  const { exchange, clock, userAgent, limits = LIMITS } = services
  const task = `cannot download ${shown}`
  const timeout = timeLimit(limits.ms)
  const signal = context.signal ? AbortSignal.any([context.signal, timeout]) : timeout
  const send = retrying(followingRedirects(exchange, REDIRECTS), clock, copy ? isRefused : undefined)
  const headers = {
    'user-agent': userAgent,
    ...(authorization === undefined ? {} : { authorization }),
    ...(copy?.etag === undefined ? {} : { 'if-none-match': copy.etag }),
    ...(copy?.modified === undefined ? {} : { 'if-modified-since': copy.modified }),
  }
  try {
    for (let tries = 1; ; tries++) {
      const reply = await send({ method: 'GET', url, headers, signal })
      if (reply.status === 304 && copy) {
        await discard(reply)
        return copy
      }
      if (reply.status !== 200) {
        await discard(reply)
        throw statusError(task, reply.status)
      }
      try {
        return await storeReply(reply, url, services, { ...context, signal }).catch((error: unknown) => {
          throw error instanceof CnbError && error.code === 'CNB_DOWNLOAD_FAILED' ? error.withMessage(`${task}: ${error.message}`) : error
        })
      } catch (error) {
        if (!isTransient(error) || tries === MAX_TRIES || signal.aborted) throw error
      }
      await clock.sleep(pauseAfter(tries), signal)
    }
  } catch (error) {
    if (timeout.aborted && !context.signal?.aborted) throw new CnbError('CNB_DOWNLOAD_FAILED', `${task}: it takes longer than ${limits.ms / 1000} s`)
    throw downloadError(error, task, context.signal)
  }
}

async function storeReply(reply: HttpReply, url: URL, { cache, limits = LIMITS }: DownloadServices, context: Context): Promise<Download> {
  const { body } = reply
  const open = (): Promise<Readable> => Promise.resolve(Buffer.isBuffer(body) ? Readable.from([body]) : body)
  const { digest, path }: StoredContent = await cache.storeUnknown(open, { maxBytes: limits.bytes }, context)
  const fact = { digest, etag: header(reply, 'etag'), modified: header(reply, 'last-modified') }
  await cache.setFact('url', url.href, fact)
  return { digest, path }
}
