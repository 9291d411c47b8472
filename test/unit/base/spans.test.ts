import { PassThrough } from 'node:stream'
import { finished } from 'node:stream/promises'
import { expect, test } from 'vitest'
import type { CnbEvent } from '../../../src/base/events.ts'
import { beginSpan, endWith, measured } from '../../../src/base/spans.ts'
import { anyNumber } from '../../support/matching.ts'

test('emits a span once, at its end', () => {
  const events: CnbEvent[] = []
  const end = beginSpan((event) => events.push(event), 'engine', 'GET /info')
  expect(events).toEqual([])
  end({ status: 200 })
  end({ status: 500 })
  expect(events).toEqual([{ type: 'span', category: 'engine', name: 'GET /info', startMs: anyNumber, durationMs: anyNumber, args: { status: 200 } }])
})

test('measures failed work too', async () => {
  const events: CnbEvent[] = []
  await expect(measured({ events: (event) => events.push(event) }, 'hashing', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(events).toMatchObject([{ type: 'span', category: 'work', name: 'hashing' }])
})

test('ends a span with its stream, and marks an early end', async () => {
  const ends: unknown[] = []
  const whole = new PassThrough()
  endWith(whole, (args) => ends.push(args), { status: 200 })
  whole.end('x')
  whole.resume()
  await finished(whole)
  const broken = new PassThrough()
  endWith(broken, (args) => ends.push(args), { status: 206 })
  broken.destroy()
  await finished(broken).catch(() => {})
  expect(ends).toEqual([{ status: 200 }, { status: 206, ended: 'early' }])
})
