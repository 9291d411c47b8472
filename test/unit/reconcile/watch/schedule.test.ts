import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { retryPause, Schedule } from '../../../../src/reconcile/watch/schedule.ts'

const MINUTE = 60_000
const of = (...keys: string[]): Map<string, number> => new Map(keys.map((key) => [key, MINUTE]))

describe('Schedule', () => {
  it('polls new entries at once, and again after their interval', () => {
    const schedule = new Schedule(() => 0)
    schedule.replace(of('a', 'b'), 100)
    expect(schedule.take(100)).toEqual(['a', 'b'])
    schedule.done('a', 100, false)
    expect(schedule.next()).toBe(100 + MINUTE)
    expect(schedule.take(99 + MINUTE)).toEqual([])
    expect(schedule.take(100 + MINUTE)).toEqual(['a'])
  })

  it('does not poll an entry twice at a time', () => {
    const schedule = new Schedule(() => 0)
    schedule.replace(of('a'), 0)
    expect(schedule.take(0)).toEqual(['a'])
    expect(schedule.take(1e9)).toEqual([])
    expect(schedule.next()).toBe(Infinity)
  })

  it('spreads polls over a fifth of the interval, and never comes later than it', () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (random) => {
      const schedule = new Schedule(() => random)
      schedule.replace(of('a'), 0)
      schedule.take(0)
      schedule.done('a', 0, false)
      expect(schedule.next()).toBeGreaterThanOrEqual(0.8 * MINUTE - 1)
      expect(schedule.next()).toBeLessThanOrEqual(MINUTE)
    }))
  })

  it('polls less often while it fails, up to every 15 minutes', () => {
    const schedule = new Schedule(() => 0)
    schedule.replace(of('a'), 0)
    const pauses: number[] = []
    for (let count = 0, now = 0; count < 6; count++) {
      schedule.take(now)
      schedule.done('a', now, true)
      pauses.push((schedule.next() - now) / MINUTE)
      now = schedule.next()
    }
    expect(pauses).toEqual([1, 2, 4, 8, 15, 15])
    schedule.take(1e9)
    schedule.done('a', 1e9, false)
    expect(schedule.next()).toBe(1e9 + MINUTE)
  })

  it('polls an entry without an interval until it succeeds', () => {
    const schedule = new Schedule(() => 0)
    schedule.replace(new Map([['commit', Infinity]]), 0)
    schedule.take(0)
    schedule.done('commit', 0, true)
    expect(schedule.next()).toBe(MINUTE)
    schedule.take(MINUTE)
    schedule.done('commit', MINUTE, false)
    expect(schedule.next()).toBe(Infinity)
  })

  it('polls hurried entries at their time, also those that are polled just now', () => {
    const schedule = new Schedule(() => 0)
    schedule.replace(of('a', 'b'), 0)
    schedule.take(0)
    schedule.done('a', 0, false)
    expect([schedule.hurry('a', 10), schedule.hurry('b', 10), schedule.hurry('absent', 10)]).toEqual([true, true, false])
    expect(schedule.take(10)).toEqual(['a'])
    schedule.done('b', 20, false)
    expect(schedule.take(20)).toEqual(['b'])
  })

  it('keeps the time of entries that stay, and forgets the others', () => {
    const schedule = new Schedule(() => 0)
    schedule.replace(of('a', 'b'), 0)
    schedule.take(0)
    schedule.done('a', 0, false)
    schedule.replace(of('a', 'c'), 5)
    schedule.done('b', 5, false)
    expect(schedule.take(5)).toEqual(['c'])
    expect(schedule.take(MINUTE)).toEqual(['a'])
  })
})

describe('retryPause', () => {
  it('starts with the interval and is not shorter than it', () => {
    expect([1, 2, 3, 20].map((failures) => retryPause(failures, 1000))).toEqual([1000, 2000, 4000, 900_000])
    expect(retryPause(3, 3_600_000)).toBe(3_600_000)
    expect(retryPause(1, Infinity)).toBe(MINUTE)
  })
})
