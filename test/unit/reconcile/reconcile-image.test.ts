import { describe, expect, it } from 'vitest'
import { reconcileImage } from '../../../src/reconcile/reconcile-image.ts'
import { buildTags } from '../../../src/reconcile/tags.ts'
import { rfc1123 } from '../../../src/reconcile/times.ts'
import { decisionInput, NOW } from '../../support/kpack-decisions.ts'

/** Builds by number; a negative number has failed. */
function history(numbers: readonly number[], created = (number: number) => `2006-01-01T00:00:${String(number).padStart(2, '0')}Z`) {
  return numbers.map((number) => ({
    metadata: { name: `app-build-${Math.abs(number)}`, creationTimestamp: created(Math.abs(number)), labels: { 'image.kpack.io/buildNumber': String(Math.abs(number)) } },
    ...(number < 0 && { status: { conditions: [{ type: 'Succeeded', status: 'False' }] } }),
  }))
}

function surplus(builds: unknown[], spec: object): string[] {
  const input = decisionInput({ name: '', builds, image: { spec } })
  return reconcileImage(input.image, input, { now: NOW }).surplus.map(({ metadata }) => metadata.name)
}

describe('reconcileImage', () => {
  it('deletes all builds above the limits at once, the oldest first', () => {
    expect(surplus(history([5, 1, -2, 3, 4, -6, -7]), { successBuildHistoryLimit: 1, failedBuildHistoryLimit: 1 })).toEqual(['app-build-2', 'app-build-6', 'app-build-1', 'app-build-3', 'app-build-4'])
    expect(surplus(history([1, 2, -3]), { successBuildHistoryLimit: 2, failedBuildHistoryLimit: 1 })).toEqual([])
  })

  it('orders builds of one second by their number', () => {
    const input = decisionInput({ name: '', builds: history([10, 9, 11], () => '2006-01-01T00:00:00Z'), resolver: { status: { source: { git: { revision: 'c2' } } } } })
    expect(reconcileImage(input.image, input, { now: NOW }).build?.metadata.name).toBe('app-build-12')
  })

  it('keeps the time of a condition with the same status', () => {
    const input = decisionInput({ name: '' })
    expect(reconcileImage(input.image, input, { now: NOW }).status.conditions?.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual(['2006-01-01T00:00:00Z', '2006-01-02T15:04:05Z', '2006-01-02T15:04:05Z'])
  })

  it('keeps the status of an image that cannot be decided', () => {
    const input = decisionInput({ name: '', builds: [{ status: { stack: { runImage: 'A' } } }] })
    expect(reconcileImage(input.image, input, { now: NOW })).toMatchObject({ status: input.image.status, surplus: [] })
  })

  it('does not change its input', () => {
    const input = decisionInput({ name: '', image: { spec: { build: { resources: { limits: { memory: '1024Mi' } } } } } })
    const before = structuredClone(input)
    reconcileImage(input.image, input, { now: NOW })
    expect(input).toEqual(before)
  })
})

describe('times', () => {
  it('prints times in UTC with two digits for each part', () => {
    const time = new Date('2024-05-07T06:08:09.999Z')
    expect(rfc1123(time)).toBe('Tue, 07 May 2024 06:08:09 +0000')
    expect(buildTags({ tag: 'r.example/team/a' }, 26, time)).toEqual(['r.example/team/a', 'r.example/team/a:b26.20240507.060809'])
  })
})
