import { expect, test } from 'vitest'
import type { CnbEvent } from '../../../src/base/events.ts'
import { execEnvFor, isForOtherUse, parseExecEnv } from '../../../src/lifecycle/exec-env.ts'
import { anImage } from '../../support/plans.ts'

test.each(['production', 'test', 'a.b-2'])('accepts the execution environment %s', (name) => {
  expect(parseExecEnv(name)).toBe(name)
})

test.each(['', 'a/b', 'a b', '../x', 'ä', '*'])('rejects the execution environment %j', (name) => {
  expect(() => parseExecEnv(name)).toThrow(expect.objectContaining({ code: 'CNB_USAGE' }))
})

test('falls back to production with a warning if the Platform API has no execution environments', () => {
  const events: CnbEvent[] = []
  const sink = (event: CnbEvent): void => void events.push(event)
  expect(execEnvFor({ major: 0, minor: 15 }, 'test', sink)).toBe('test')
  expect(execEnvFor({ major: 0, minor: 14 }, 'production', sink)).toBe('production')
  expect(events).toEqual([])
  expect(execEnvFor({ major: 0, minor: 14 }, 'test', sink)).toBe('production')
  expect(events).toMatchObject([{ type: 'warning' }])
})

test('compares the execution environment of the label, by default production', () => {
  const labelled = anImage({ labels: { 'io.buildpacks.exec-env': 'test' } })
  expect(isForOtherUse(labelled, { execEnv: 'test' })).toBe(false)
  expect(isForOtherUse(labelled, { execEnv: 'production' })).toBe(true)
  expect(isForOtherUse(anImage(), { execEnv: 'production' })).toBe(false)
  expect(isForOtherUse(anImage(), { execEnv: 'test' })).toBe(true)
  expect(isForOtherUse(undefined, { execEnv: 'test' })).toBe(false)
})
