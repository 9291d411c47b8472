import { execFile } from 'node:child_process'
import type { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { HttpRequest } from '../../../../src/registry/transport/http.ts'
import { ReplyHandler } from '../../../../src/registry/transport/reply-handler.ts'

const url = new URL('https://r.example/v2/')

/** A handler, and a fake of undici that records calls. */
function begin(request: Partial<HttpRequest> = {}): { handler: ReplyHandler; said: string[]; controller: Parameters<ReplyHandler['onRequestStart']>[0] } {
  const said: string[] = []
  const handler = new ReplyHandler({ method: 'GET', url, headers: {}, signal: new AbortController().signal, ...request })
  const controller = {
    aborted: false,
    paused: false,
    reason: null,
    abort: (reason: Error) => {
      said.push(`abort: ${reason.message}`)
      handler.onResponseError(controller, reason)
    },
    pause: () => said.push('pause'),
    resume: () => said.push('resume'),
  }
  return { handler, said, controller }
}

test('ignores informational replies', async () => {
  const { handler, controller } = begin()
  handler.onResponseStart(controller, 103, { link: '</x>' })
  handler.onResponseStart(controller, 200, { 'content-length': '0' })
  handler.onResponseEnd()
  expect(await handler.reply).toEqual({ status: 200, headers: { 'content-length': '0' }, body: Buffer.alloc(0), url })
})

test('returns a document as a whole, and aborts one above the limit', async () => {
  const { handler, controller, said } = begin({ limit: 4 })
  handler.onRequestStart(controller)
  handler.onResponseStart(controller, 200, {})
  for (const part of ['ab', 'cd']) handler.onResponseData(controller, Buffer.from(part))
  const whole = begin({ limit: 4 })
  whole.handler.onResponseStart(whole.controller, 200, {})
  whole.handler.onResponseData(whole.controller, Buffer.from('abcd'))
  whole.handler.onResponseEnd()
  expect(await whole.handler.reply).toMatchObject({ body: Buffer.from('abcd') })
  handler.onResponseData(controller, Buffer.from('e'))
  await expect(handler.reply).rejects.toThrow('larger than 4 bytes')
  expect(said).toHaveLength(1)
})

test("streams at the reader's pace", async () => {
  const { handler, controller, said } = begin()
  handler.onResponseStart(controller, 200, {})
  const body = (await handler.reply).body as Readable
  handler.onResponseData(controller, Buffer.alloc(16))
  expect(said).toEqual([])
  handler.onResponseData(controller, Buffer.alloc(1024 * 1024))
  expect(said).toEqual(['pause'])
  // From Node 26 on each call returns one chunk only.
  while (body.read() !== null);
  expect(said).toContain('resume')
})

/** A handler with a started reply and a manual clock. */
async function slowly(request: Partial<HttpRequest> = {}) {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const begun = begin(request)
  begun.handler.onRequestStart(begun.controller)
  begun.handler.onResponseStart(begun.controller, 200, {})
  /** Sends a number of bytes in each of a number of seconds. */
  const send = async (bytes: number, seconds: number): Promise<void> => {
    for (let second = 0; second < seconds && aborts().length === 0; second++) {
      if (bytes > 0) begun.handler.onResponseData(begun.controller, Buffer.alloc(bytes))
      await setImmediate()
      vi.advanceTimersByTime(1000)
    }
  }
  const aborts = (): string[] => begun.said.filter((line) => line.startsWith('abort'))
  return { ...begun, send, aborts }
}

const STALLED = 'abort: less than 30 KiB arrived in 30 s'

test('aborts a document that arrives too slowly', async () => {
  const { handler, aborts, send } = await slowly({ limit: 1024 * 1024 })
  await send(1, 100)
  await expect(handler.reply).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  expect(aborts()).toContain(STALLED)
})

test('aborts a stream that becomes too slow', async () => {
  const { handler, aborts, send } = await slowly()
  const body = (await handler.reply).body as Readable
  body.resume()
  await send(2048, 60)
  expect(aborts()).toEqual([])
  await send(1, 60)
  expect(aborts()).toContain(STALLED)
})

test('accepts a slow but steady body of any duration', async () => {
  const { handler, said, send } = await slowly({ limit: 1024 * 1024 })
  await send(1024, 600)
  expect(said).toEqual([])
  handler.onResponseEnd()
  expect(await handler.reply).toMatchObject({ status: 200 })
})

test('does not count the time of a slow reader', async () => {
  const { handler, aborts, send } = await slowly()
  await send(1024 * 1024, 1)
  await send(0, 600)
  expect(aborts()).toEqual([])
  const body = (await handler.reply).body as Readable
  body.resume()
  await send(0, 120)
  expect(aborts()).toContain(STALLED)
})

test('aborts endless informational replies', async () => {
  const { handler, controller } = begin()
  for (let hint = 0; hint < 20; hint++) handler.onResponseStart(controller, 103, {})
  await expect(handler.reply).rejects.toThrow('more than 8 informational replies')
})

test('closes the connection if the reader stops early, but not after a complete read', async () => {
  const said: string[] = []
  for (const isRead of [true, false]) {
    const { handler, controller } = begin()
    controller.abort = (reason) => said.push(`${isRead}: ${reason.message}`)
    handler.onResponseStart(controller, 200, {})
    const body = (await handler.reply).body as Readable
    handler.onResponseData(controller, Buffer.from('x'))
    handler.onResponseEnd()
    if (isRead) expect(await body.toArray()).toEqual([Buffer.from('x')])
    else body.destroy()
  }
  expect(said).toEqual(['false: the reader stopped'])
})

test('aborts an exchange before its connection exists', async () => {
  const stopping = new AbortController()
  const { handler, controller, said } = begin({ signal: stopping.signal })
  stopping.abort(new Error('enough'))
  await expect(handler.reply).rejects.toThrow('enough')
  handler.onRequestStart(controller)
  expect(said).toEqual(['abort: enough'])
})

test('ends a stream on an abort during a read', async () => {
  const stopping = new AbortController()
  const { handler, controller } = begin({ signal: stopping.signal })
  handler.onRequestStart(controller)
  handler.onResponseStart(controller, 200, {})
  const body = (await handler.reply).body as Readable
  const reading = body.toArray()
  stopping.abort(new Error('enough'))
  await expect(reading).rejects.toThrow('enough')
})

test('sets a V8 flag that this Node.js supports', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--v8-options'])
  expect(stdout).toContain('--wasm-tiering-budget ')
})
