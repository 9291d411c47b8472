import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diffLines } from '../../../../src/reconcile/changes/line-diff.ts'
import { answers, inputs } from '../../../support/kpack-decisions.ts'

const MARKS = { old: '-', new: '+', both: ' ' }

describe('diffLines', () => {
  it.each(inputs.diffs.map(([old, text], index) => ({ old, text, answer: answers.diffs[index] })))('chooses as difflib: %j', ({ old, text, answer }) => {
    const lines = diffLines(old.split('\n'), text.split('\n')).map((line) => `${MARKS[line.side]} ${line.text}\n`)
    expect(lines.join('')).toBe(answer)
  })

  const lists = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 })

  it('keeps both lists', () => {
    fc.assert(
      fc.property(lists, lists, (old, lines) => {
        const diff = diffLines(old, lines)
        expect(diff.filter(({ side }) => side !== 'new').map(({ text }) => text)).toEqual(old)
        expect(diff.filter(({ side }) => side !== 'old').map(({ text }) => text)).toEqual(lines)
      }),
    )
  })

  it('shows long lists without anything in common as replaced', () => {
    const [old, lines] = ['a', 'b'].map((text) => new Array<string>(4000).fill(text)) as [string[], string[]]
    expect(diffLines(old, lines).map(({ side }) => side)).toEqual([...new Array<string>(4000).fill('old'), ...new Array<string>(4000).fill('new')])
  })
})
