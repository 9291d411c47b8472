import { describe, expect, it } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import { errorText } from '../../../src/ui/error-text.ts'
import { makeTheme } from '../../../src/ui/theme.ts'

const plain = makeTheme(false)

describe('errorText', () => {
  it('shows what failed, what to do, and the code last', () => {
    const error = new CnbError('CNB_ENGINE_UNREACHABLE', 'no engine answers\ndial: refused', { hint: 'Start it.' })
    const lines = ['ERROR: no engine answers', '  dial: refused', '  Start it.', '  CNB_ENGINE_UNREACHABLE']
    expect(errorText(error, plain, false).split('\n')).toEqual(lines)
  })

  it("shows an exit code that differs from the code's default", () => {
    expect(errorText(new CnbError('CNB_DETECT_FAILED', 'x', { exit: 21 }), plain, false)).toMatch(/CNB_DETECT_FAILED \(exit code 21\)$/)
  })

  it('shows the source line with a caret below the column', () => {
    const error = new CnbError('CNB_DESCRIPTOR_INVALID', 'bad', { position: { file: 'a.toml', line: 3, column: 8 }, source: 'name =\t= "b"' })
    const lines = ['  in a.toml:3:8', '      3 │ name = = "b"', '        │        ^']
    expect(errorText(error, plain, false).split('\n').slice(1, 4)).toEqual(lines)
  })

  it('shows only the position if the error has no source line', () => {
    const position = { file: import.meta.filename, line: 1 }
    expect(errorText(new CnbError('CNB_DESCRIPTOR_INVALID', 'bad', { position }), plain, false).split('\n')).toHaveLength(3)
  })

  it('removes control sequences from messages and source lines', () => {
    const source = 'a = "\u001b]0;x\u0007"'
    const error = new CnbError('CNB_PULL_FAILED', 'denied\u001b[2J', { hint: 'no\u0007', position: { file: 'a.toml', line: 1, column: 1 }, source })
    expect(errorText(error, plain, false)).not.toMatch(/[\u001b\u0007]/)
  })

  it('shows stack and causes only with --verbose', () => {
    const error = new CnbError('CNB_INTERNAL', 'broken', { cause: new Error('inner', { cause: 'innermost' }) })
    expect(errorText(error, plain, false)).not.toContain('inner')
    expect(errorText(error, plain, true)).toMatch(/Caused by: Error: inner\n\s+at [^]*Caused by: 'innermost'$/)
  })

  it('handles an error that is its own cause', () => {
    const error = new Error('round')
    error.cause = error
    expect(errorText(new CnbError('CNB_INTERNAL', 'x', { cause: error }), plain, true).match(/Caused by/g)).toHaveLength(1)
  })
})
