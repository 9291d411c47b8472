import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import { errorText } from '../../../src/ui/error-text.ts'
import { makeTheme } from '../../../src/ui/theme.ts'

const plain = makeTheme(false)
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cnb-error-text-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function fileWith(content: string): string {
  const file = join(folder, 'project.toml')
  writeFileSync(file, content)
  return file
}

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
    const file = fileWith('[_]\nid = "a"\nname =\t= "b"\n')
    const error = new CnbError('CNB_DESCRIPTOR_INVALID', 'bad', { position: { file, line: 3, column: 8 } })
    const lines = [`  in ${file}:3:8`, '      3 │ name = = "b"', '        │        ^']
    expect(errorText(error, plain, false).split('\n').slice(1, 4)).toEqual(lines)
  })

  it.each([
    ['a file that is not there', { file: '/no/such/file', line: 1 }],
    ['something that is no file', { file: '/', line: 1 }],
    ['a line that the file does not have', { file: import.meta.filename, line: 100_000 }],
  ])('does with the position alone for %s', (_, position) => {
    expect(errorText(new CnbError('CNB_DESCRIPTOR_INVALID', 'bad', { position }), plain, false).split('\n')).toHaveLength(3)
  })

  it('shows nothing that a file or a registry hides in its words', () => {
    const file = fileWith('a = "\u001b]0;x\u0007"\n')
    const error = new CnbError('CNB_PULL_FAILED', 'denied\u001b[2J', { hint: 'no\u0007', position: { file, line: 1, column: 1 } })
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
