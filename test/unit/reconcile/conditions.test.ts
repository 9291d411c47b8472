import { describe, expect, it } from 'vitest'
import { buildConditions, builderConditions, builderObstacle, readyConditions, withTimes } from '../../../src/reconcile/conditions.ts'
import type { AnyBuilder } from '../../../src/reconcile/state.ts'
import type { ClusterLifecycle, ClusterStack, ClusterStore } from '../../../src/resources/kinds/bases.ts'

const NOW = new Date('2030-01-02T03:04:05.678Z')

describe('withTimes', () => {
  it('keeps the time of a condition until its status changes', () => {
    const before = [
      { type: 'Ready' as const, status: 'True' as const, reason: 'Old', lastTransitionTime: '2020-01-01T00:00:00Z' },
      { type: 'UpToDate' as const, status: 'True' as const, lastTransitionTime: '2020-01-01T00:00:00Z' },
    ]
    expect(withTimes([{ type: 'Ready', status: 'True', reason: 'New' }, { type: 'UpToDate', status: 'False' }, { type: 'BuilderReady', status: 'True' }], before, NOW)).toEqual([
      { type: 'Ready', status: 'True', reason: 'New', lastTransitionTime: '2020-01-01T00:00:00Z' },
      { type: 'UpToDate', status: 'False', lastTransitionTime: '2030-01-02T03:04:05Z' },
      { type: 'BuilderReady', status: 'True', lastTransitionTime: '2030-01-02T03:04:05Z' },
    ])
  })
})

describe('readyConditions', () => {
  it('has the cause as message', () => {
    expect(readyConditions()).toEqual([{ type: 'Ready', status: 'True' }])
    expect(readyConditions('no such image')).toEqual([{ type: 'Ready', status: 'False', message: 'no such image' }])
  })
})

describe('builderConditions', () => {
  it('keeps a builder ready with its last image', () => {
    const failed = { type: 'UpToDate', status: 'False', reason: 'ReconcileFailed', message: 'it broke' }
    expect(builderConditions({ latestImage: 'i' }, 'it broke')).toEqual([{ type: 'Ready', status: 'True' }, failed])
    expect(builderConditions({}, 'it broke')).toEqual([{ type: 'Ready', status: 'False', reason: 'NoLatestImage', message: 'Builder has no latestImage' }, failed])
    expect(builderConditions({})).toEqual([{ type: 'Ready', status: 'True' }, { type: 'UpToDate', status: 'True' }])
  })
})

describe('builderObstacle', () => {
  const ready = { conditions: [{ type: 'Ready', status: 'True' }] }
  const stack = { metadata: { name: 's' }, status: ready } as ClusterStack
  const lifecycle = { metadata: { name: 'default-lifecycle' }, status: ready } as ClusterLifecycle
  const store = { metadata: { name: 'st' } } as ClusterStore
  const builder = (kind: string): AnyBuilder => ({ kind, metadata: { name: 'b' }, spec: { tag: 't', stack: { name: 's' }, store: { name: 'st' } } }) as AnyBuilder

  it('names the first part that is missing or not ready, in the words of kpack', () => {
    expect(builderObstacle(builder('Builder'), {})).toBe('clusterstore.kpack.io "st" not found')
    expect(builderObstacle(builder('Builder'), { store })).toBe('clusterstack.kpack.io "s" not found')
    expect(builderObstacle(builder('Builder'), { store, stack: { ...stack, status: {} } })).toBe("Error: clusterstack 's' is not ready")
    expect(builderObstacle(builder('ClusterBuilder'), { store, stack: { ...stack, status: {} } })).toBe('stack s is not ready')
    expect(builderObstacle(builder('Builder'), { store, stack })).toBe('clusterlifecycle.kpack.io "default-lifecycle" not found')
    expect(builderObstacle(builder('Builder'), { store, stack, lifecycle: { ...lifecycle, status: {} } })).toBe("Error: clusterlifecycle 'default-lifecycle' is not ready")
    expect(builderObstacle(builder('Builder'), { store, stack, lifecycle })).toBeUndefined()
  })
})

describe('buildConditions', () => {
  it('has the reasons of kpack', () => {
    expect(buildConditions({ state: 'succeeded' })).toEqual([{ type: 'Succeeded', status: 'True', reason: 'Completed' }])
    expect(buildConditions({ state: 'failed', message: 'm' })).toEqual([{ type: 'Succeeded', status: 'False', reason: 'Failed', message: 'm' }])
    expect(buildConditions({ state: 'rejected', message: 'm' })).toEqual([{ type: 'Succeeded', status: 'False', message: 'm' }])
    expect(buildConditions({ state: 'running' })).toEqual([{ type: 'Succeeded', status: 'Unknown' }])
    expect(buildConditions({ state: 'running', reason: 'r', message: 'm' })).toEqual([{ type: 'Succeeded', status: 'Unknown', reason: 'r', message: 'm' }])
  })
})
