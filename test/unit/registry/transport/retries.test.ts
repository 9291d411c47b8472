import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import type { HttpReply, HttpRequest } from '../../../../src/registry/transport/http.ts'
import { isRefused } from '../../../../src/registry/registry-errors.ts'
import { retryAfter, retrying } from '../../../../src/registry/transport/retries.ts'
import { FakeClock } from '../../../support/registry/registry-client.ts'

const url = new URL('https://r.example/')
const get: HttpRequest = { method: 'GET', url, headers: {}, signal: new AbortController().signal }
const replyOf = (status: number, headers: HttpReply['headers'] = {}): HttpReply => ({ status, headers, body: Readable.from([]), url })
const connectionError = (code: string): Error => Object.assign(new Error(code), { code })

async function send(outcomes: (HttpReply | Error)[], request: HttpRequest = get): Promise<{ result: number | string; tries: number; pauses: number[] }> {
  const clock = new FakeClock()
  let tries = 0
  const exchange = retrying(async () => {
    const outcome = outcomes[Math.min(tries++, outcomes.length - 1)]!
    if (outcome instanceof Error) throw outcome
    return outcome
  }, clock)
  const result = await exchange(request).then(({ status }) => status, (error: Error) => error.message)
  return { result, tries, pauses: clock.pauses }
}

test.each([408, 429, 500, 502, 503, 504])('retries status %i', async (status) => {
  expect(await send([replyOf(status), replyOf(200)])).toMatchObject({ result: 200, tries: 2 })
})

test.each([200, 400, 401, 403, 404, 501])('returns status %i', async (status) => {
  expect(await send([replyOf(status)])).toMatchObject({ result: status, tries: 1, pauses: [] })
})

test.each(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'UND_ERR_SOCKET', 'UND_ERR_HEADERS_TIMEOUT'])('retries %s', async (code) => {
  expect(await send([connectionError(code), replyOf(200)])).toMatchObject({ result: 200, tries: 2 })
})

test('does not retry a transient error that is final for the caller', async () => {
  let tries = 0
  const refused = (code: string) => retrying(async () => Promise.reject(connectionError((tries++, code))), new FakeClock(), isRefused)(get)
  await expect(refused('ECONNREFUSED')).rejects.toThrow('ECONNREFUSED')
  expect(tries).toBe(1)
  await expect(refused('ECONNRESET')).rejects.toThrow('ECONNRESET')
  expect(tries).toBe(1 + 4)
})

test.each(['ENOTFOUND', 'SELF_SIGNED_CERT_IN_CHAIN', 'HPE_INVALID_CONSTANT'])('does not retry %s', async (code) => {
  expect(await send([connectionError(code)])).toMatchObject({ result: code, tries: 1 })
})

test('makes four attempts, with growing random pauses', async () => {
  const { result, tries, pauses } = await send([replyOf(503)])
  expect({ result, tries }).toEqual({ result: 503, tries: 4 })
  expect(pauses).toHaveLength(3)
  pauses.forEach((pause, index) => {
    expect(pause).toBeGreaterThanOrEqual(250 * 2 ** index)
    expect(pause).toBeLessThanOrEqual(500 * 2 ** index)
  })
  expect((await send([connectionError('ECONNRESET')])).tries).toBe(4)
})

test.each([
  ['makes no further attempt after one that took long', 'UND_ERR_HEADERS_TIMEOUT', 60_000, 1],
  ['makes no further attempt after several that took long together', 'EAI_AGAIN', 15_000, 2],
  ['makes all attempts if each fails within a few seconds', 'ECONNRESET', 5000, 4],
] as const)('%s', async (_, code, ms, attempts) => {
  const clock = new FakeClock()
  let tries = 0
  const exchange = retrying(async () => {
    tries++
    clock.time += ms
    throw connectionError(code)
  }, clock)
  await expect(exchange(get)).rejects.toThrow(code)
  expect(tries).toBe(attempts)
})

test('obeys Retry-After, up to a minute', async () => {
  const now = new FakeClock().now()
  const waits = (value: string): number | undefined => retryAfter(replyOf(429, { 'retry-after': value }), now)
  expect([waits('2'), waits('0'), waits('86400'), waits('99999999999999999999')]).toEqual([2000, 0, 60_000, 60_000])
  expect([waits(new Date(now + 5000).toUTCString()), waits(new Date(now - 5000).toUTCString())]).toEqual([5000, 0])
  expect([waits('soon'), waits('-1'), waits('')].every((ms) => ms === undefined || ms <= 60_000)).toBe(true)
  expect((await send([replyOf(429, { 'retry-after': '7' }), replyOf(200)])).pauses).toEqual([7000])
})

test('retries a body in memory, but not a stream', async () => {
  const again = { ...get, method: 'PUT', body: Buffer.from('x') } as const
  expect((await send([replyOf(503), replyOf(201)], again)).tries).toBe(2)
  const stream = { ...get, method: 'PUT', body: { open: async () => Readable.from([]) } } as const
  expect((await send([replyOf(503), replyOf(201)], stream)).tries).toBe(1)
  expect((await send([connectionError('ECONNRESET'), replyOf(201)], stream)).tries).toBe(1)
})

test('stops the pause on an abort', async () => {
  const controller = new AbortController()
  const exchange = retrying(async () => {
    controller.abort()
    return replyOf(503)
  }, new FakeClock())
  await expect(exchange({ ...get, signal: controller.signal })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
})
