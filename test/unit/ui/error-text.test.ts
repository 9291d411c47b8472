import { describe, expect, it } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import { errorText } from '../../../src/ui/error-text.ts'
import { makeTheme } from '../../../src/ui/theme.ts'

const plain = makeTheme(false)

describe('errorText', () => {
  it('says what failed, what to do, and its code last', () => {
    const error = new CnbError('CNB_ENGINE_UNREACHABLE', 'no engine answers\ndial: refused', { hint: 'Start it.' })
    const lines = ['ERROR: no engine answers', '  dial: refused', '  Start it.', '  CNB_ENGINE_UNREACHABLE']
    expect(errorText(error, plain, false).split('\n')).toEqual(lines)
  })

  it('tells an exit code that is not the usual one', () => {
    expect(errorText(new CnbError('CNB_DETECT_FAILED', 'x', { exit: 21 }), plain, false)).toMatch(/CNB_DETECT_FAILED \(exit code 21\)$/)
  })

  it('shows the offending line with a caret under its column', () => {
    const error = new CnbError('CNB_DESCRIPTOR_INVALID', 'bad', { position: { file: 'a.toml', line: 3, column: 8 }, source: 'name =\t= "b"' })
    const lines = ['  in a.toml:3:8', '      3 │ name = = "b"', '        │        ^']
    expect(errorText(error, plain, false).split('\n').slice(1, 4)).toEqual(lines)
  })

  it('reads no file: without its line an error has the position alone', () => {
    const position = { file: import.meta.filename, line: 1 }
    expect(errorText(new CnbError('CNB_DESCRIPTOR_INVALID', 'bad', { position }), plain, false).split('\n')).toHaveLength(3)
  })

  it('shows nothing that a file or a registry hides in its words', () => {
    const source = 'a = "\u001b]0;x\u0007"'
    const error = new CnbError('CNB_PULL_FAILED', 'denied\u001b[2J', { hint: 'no\u0007', position: { file: 'a.toml', line: 1, column: 1 }, source })
    expect(errorText(error, plain, false)).not.toMatch(/[\u001b\u0007]/)
  })

  it('gives the stack and the causes only when verbose', () => {
    const error = new CnbError('CNB_INTERNAL', 'broken', { cause: new Error('inner', { cause: 'innermost' }) })
    expect(errorText(error, plain, false)).not.toContain('inner')
    expect(errorText(error, plain, true)).toMatch(/Caused by: Error: inner\n\s+at [^]*Caused by: 'innermost'$/)
  })

  it('survives an error that is its own cause', () => {
    const error = new Error('round')
    error.cause = error
    expect(errorText(new CnbError('CNB_INTERNAL', 'x', { cause: error }), plain, true).match(/Caused by/g)).toHaveLength(1)
  })
})
