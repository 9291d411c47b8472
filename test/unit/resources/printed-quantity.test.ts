import { describe, expect, it } from 'vitest'
import { exactQuantity, printQuantity } from '../../../src/resources/fields/printed-quantity.ts'
import { answers, inputs } from '../../support/kpack-decisions.ts'

const quantities = inputs.quantities.map((text, index) => ({ text, answer: answers.quantities[index] ?? { text: '', equal: [] } }))

describe('printQuantity', () => {
  it.each(quantities)('prints as Kubernetes prints it: $text', ({ text, answer }) => {
    expect(printQuantity(text)).toBe(JSON.parse(answer.text))
  })

  it.each(quantities)('is equal to the same quantities as in Kubernetes: $text', ({ text, answer }) => {
    const equal = inputs.quantities.flatMap((other, index) => (exactQuantity(text) === exactQuantity(other) ? [index] : []))
    expect(equal).toEqual(answer.equal)
  })

  it('keeps any other text', () => {
    expect(['', '1x', '1 Gi', '--1', '1e'].map(printQuantity)).toEqual(['', '1x', '1 Gi', '--1', '1e'])
    expect(exactQuantity('x')).toBe('x')
  })
})
