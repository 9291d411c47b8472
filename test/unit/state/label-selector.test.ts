import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchesLabels, parseLabelSelector } from '../../../src/state/label-selector.ts'

const read = (name: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, '../../../fixtures/golden/kubectl', name), 'utf8'))
const { selectors, labels } = read('inputs.json') as { selectors: string[]; labels: Record<string, string>[] }
const answers = (read('answers.json') as { selectors: { matches: boolean[] | null; error?: string }[] }).selectors
const vectors = selectors.map((text, index) => ({ text, ...answers[index] }))

describe('parseLabelSelector', () => {
  it.each(vectors.filter(({ error }) => error === undefined))('selects for $text as kubectl does', ({ text, matches }) => {
    const selector = parseLabelSelector(text)
    expect(labels.map((set) => matchesLabels(selector, set))).toEqual(matches)
  })

  it.each(vectors.filter(({ error }) => error !== undefined))('refuses $text as kubectl does', ({ text }) => {
    expect(() => parseLabelSelector(text)).toThrow(expect.objectContaining({ code: 'CNB_USAGE', message: expect.stringMatching(/^cannot read the label selector ".*": \S/) as string }) as Error)
  })

  it('never throws anything but a coded error', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('a', '1', '=', '!', '(', ')', ',', '<', '>', ' ', '/', '.', '-', 'in', ' in ', ' notin ', '\n', '\u00a0') }))
    fc.assert(
      fc.property(text, fc.dictionary(fc.string(), fc.string()), (selector, set) => {
        try {
          expect(matchesLabels(parseLabelSelector(selector), set)).toBeTypeOf('boolean')
        } catch (error) {
          expect(error).toMatchObject({ code: 'CNB_USAGE' })
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('refuses a selector that is too long', () => {
    expect(() => parseLabelSelector('a,'.repeat(40_000))).toThrow('it is longer than 65536 characters')
  })

  it('has no labels from the prototype', () => {
    expect(matchesLabels(parseLabelSelector('constructor'), {})).toBe(false)
  })
})
