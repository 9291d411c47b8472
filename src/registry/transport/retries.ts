/** Retries of transient failures. */

import type { Clock } from '../../base/clock.ts'
import { isTransient } from '../registry-errors.ts'
import { discard, header, type Exchange, type HttpReply } from './http.ts'

/** Maximum number of attempts. */
export const MAX_TRIES = 4
const FIRST_PAUSE_MS = 500
/** After failed attempts of this duration together, no more follow: a silent server or resolver rarely recovers at once. */
const PATIENCE_MS = 20_000
const MAX_PAUSE_MS = 60_000
/** 522: Cloudflare's status for a registry that does not respond. */
const TRANSIENT = new Set([408, 429, 500, 502, 503, 504, 522])

/** Whether the same request may succeed shortly after. */
export function isTransientStatus(status: number): boolean {
  return TRANSIENT.has(status)
}

/** Milliseconds to wait after attempt `tries`: doubling, with a random factor between a half and one to spread retries. */
export function pauseAfter(tries: number): number {
  return FIRST_PAUSE_MS * 2 ** (tries - 1) * (0.5 + Math.random() / 2)
}

/** Milliseconds in the reply's `Retry-After`, as seconds or a date, at most a minute; undefined without the header. */
export function retryAfter(reply: Pick<HttpReply, 'headers'>, now: number): number | undefined {
  const value = header(reply, 'retry-after')?.trim()
  if (value === undefined) return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_PAUSE_MS)
}

/**
 * Wraps `exchange` to retry transient failures, except with a body that is created while it is sent, and except those that take long.
 * @param isFinal whether a transient failure is not retried
 */
export function retrying(exchange: Exchange, clock: Clock, isFinal: (error: unknown) => boolean = () => false): Exchange {
  return async (request): Promise<HttpReply> => {
    const tries = request.body === undefined || Buffer.isBuffer(request.body) ? MAX_TRIES : 1
    let lost = 0
    for (let tried = 1; ; tried++) {
      const begun = clock.now()
      let pause = pauseAfter(tried)
      try {
        const reply = await exchange(request)
        if (!isTransientStatus(reply.status) || tried === tries) return reply
        pause = retryAfter(reply, clock.now()) ?? pause
        await discard(reply)
      } catch (error) {
        lost += clock.now() - begun
        if (!isTransient(error) || isFinal(error) || lost > PATIENCE_MS || tried === tries || request.signal.aborted) throw error
      }
      await clock.sleep(pause, request.signal)
    }
  }
}
