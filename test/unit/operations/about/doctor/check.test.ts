import { expect, test } from 'vitest'
import { CnbError } from '../../../../../src/base/errors.ts'
import { checkClocks } from '../../../../../src/operations/about/doctor/clock-check.ts'
import { runCheck } from '../../../../../src/operations/about/doctor/check.ts'
import { describeSpace } from '../../../../../src/operations/about/doctor/free-space.ts'

const hanging = (signal?: AbortSignal): Promise<never> => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))))

test('reports a check that hangs as a problem, and aborts its work', async () => {
  let limited: AbortSignal | undefined
  const run = ({ signal }: { signal?: AbortSignal }): Promise<never> => {
    limited = signal
    return new Promise(() => {})
  }
  expect(await runCheck({ name: 'x', ifSlow: 'Restart it.', limitMs: 5, run }, {})).toEqual([
    { check: 'x', status: 'problem', found: 'no answer within 0.005 s', fix: 'Restart it.' },
  ])
  expect(limited?.aborted).toBe(true)
})

test('reports an error of a check with its hint and its code', async () => {
  const run = async (): Promise<never> => {
    throw new CnbError('CNB_REGISTRY_DENIED', 'cannot use x: denied', { hint: 'Log in.' })
  }
  expect(await runCheck({ name: 'x', ifSlow: '', run }, {})).toEqual([
    { check: 'x', status: 'problem', found: 'cannot use x: denied', fix: 'Log in.', code: 'CNB_REGISTRY_DENIED' },
  ])
})

test('ends with the reason of the signal', async () => {
  const interrupted = new CnbError('CNB_INTERRUPTED', 'interrupted')
  const run = ({ signal }: { signal?: AbortSignal }): Promise<never> => hanging(signal)
  const ending = new AbortController()
  const result = runCheck({ name: 'x', ifSlow: '', run }, { signal: ending.signal })
  ending.abort(interrupted)
  await expect(result).rejects.toBe(interrupted)
})

test('warns of a clock that differs by more than a minute', () => {
  expect(checkClocks([{ name: 'the engine', aheadMs: 60_000 }, { name: 'r.example', aheadMs: -60_000 }])).toEqual({ status: 'ok', found: 'agrees with the engine, r.example' })
  expect(checkClocks([{ name: 'the engine', aheadMs: 61_000 }, { name: 'r.example', aheadMs: -90_000 }])).toMatchObject({
    status: 'warning',
    found: '61 s behind the engine, 90 s ahead of r.example',
  })
  expect(checkClocks([]).status).toBe('skipped')
})

test('grades free space', () => {
  const statuses = [5e9, 4.9e9, 4e8].map((free) => describeSpace('/data', free, { low: 5e9, full: 5e8 }, 'Free space.'))
  expect(statuses).toEqual([
    { status: 'ok', found: '5.0 GB free in /data' },
    { status: 'warning', found: '4.9 GB free in /data', fix: 'Free space.' },
    { status: 'problem', found: '400 MB free in /data', fix: 'Free space.' },
  ])
})
