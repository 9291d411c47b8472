import { describe, expect, it } from 'vitest'
import { childName } from '../../../src/reconcile/child-name.ts'
import { answers, inputs } from '../../support/kpack-decisions.ts'

describe('childName', () => {
  it.each(inputs.childNames.map(([parent, suffix], index) => ({ parent, suffix, name: answers.childNames[index] })))('names as knative: $parent $suffix', ({ parent, suffix, name }) => {
    expect(childName(parent, suffix)).toBe(name)
  })
})
