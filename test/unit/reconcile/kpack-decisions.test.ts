import { describe, expect, it } from 'vitest'
import { PRIORITY_CLASSES } from '../../../src/reconcile/changes/changes.ts'
import { printChanges, printDiff } from '../../../src/reconcile/changes/printed-changes.ts'
import { reconcileImage } from '../../../src/reconcile/reconcile-image.ts'
import { answers, decisionInput, inputs, NOW } from '../../support/kpack-decisions.ts'

const vectors = inputs.decisions.map((vector, index) => ({ input: decisionInput(vector), name: vector.name, answer: answers.decisions[index] ?? {} }))

function step({ input }: (typeof vectors)[number]) {
  return reconcileImage(input.image, input, { now: NOW, kpackCompatible: true })
}

describe('reconcileImage', () => {
  it('has more than 100 vectors', () => {
    expect(vectors.length).toBeGreaterThan(100)
  })

  it.each(vectors)('decides as kpack: $name', (vector) => {
    const { answer } = vector
    const { decision, build, status } = step(vector)
    if (answer.error !== undefined) {
      expect(decision).toEqual({ kind: 'UNKNOWN', cause: 'Invalid', message: answer.error.replace(/: strconv.*/, '') })
      return
    }
    const { priorityClassName, ...spec } = answer.build?.spec ?? { tags: [], builder: {}, source: {} }
    expect(build).toEqual(answer.build && { apiVersion: 'kpack.io/v1alpha2', kind: 'Build', metadata: answer.build.metadata, spec })
    expect(decision && 'priority' in decision ? PRIORITY_CLASSES[decision.priority] : undefined).toBe(priorityClassName)
    expect(decision?.kind === 'REBASE').toBe(answer.rebase ?? false)
    expect({ ...status, conditions: status.conditions?.map(({ lastTransitionTime: _time, ...condition }) => condition) }).toEqual(answer.status)
  })

  it.each(vectors.filter(({ answer }) => answer.build))('prints as kpack: $name', (vector) => {
    const changes = step(vector).build?.metadata.annotations?.['image.kpack.io/buildChanges'] ?? ''
    const recorded = JSON.parse(changes) as { reason: string; old: unknown; new: unknown }[]
    expect(printChanges(recorded, { colour: true })).toBe(vector.answer.printed)
    expect(recorded.map((change) => printDiff(change, false))).toEqual(vector.answer.plain)
  })

  it.each(vectors.filter(({ answer }) => answer.deleted))('deletes what kpack deletes, and more at once: $name', (vector) => {
    const names = step(vector).surplus.map(({ metadata }) => metadata.name)
    expect(names).toEqual(expect.arrayContaining([...(vector.answer.deleted ?? [])]))
  })
})
