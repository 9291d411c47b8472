import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sanitizeLine, sanitizeText, truncate, visibleLength } from '../../../src/ui/sanitize.ts'

const ESC = '\u001b'
/** Text composed of parts of control sequences. */
const CONTROLS = [ESC, '\u009b', '\u009d', '\u0090', '\u0007', '\u009c', '\r', '\b', '\t']
const PIECES = [...CONTROLS, '[', ']', '0', '31', ';', 'm', 'J', 'A', '\\', ' ', 'x', '?', '!']
const hostile = fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((parts) => parts.join(''))

describe('sanitizeLine', () => {
  it.each([
    ['clears the screen', `a${ESC}[2Jb`],
    ['moves the cursor', `a${ESC}[10;10Hb`],
    ['sets the title', `a${ESC}]0;title\u0007b`],
    ['fills the clipboard, ended by ST', `a${ESC}]52;c;aGk=${ESC}\\b`],
    ['is a device control string', `a${ESC}Pq#0${ESC}\\b`],
    ['is an 8-bit CSI', 'a\u009b2Jb'],
    ['is an 8-bit OSC', 'a\u009d0;title\u009cb'],
    ['resets the terminal', `a${ESC}cb`],
    ['changes the character set', `a${ESC}(0b`],
    ['beeps and goes back', 'a\u0007\bb'],
    ['turns the direction of writing', 'a\u202e\u2066b\u2069'],
  ])('removes text that %s', (_, line) => {
    expect(sanitizeLine(line, true)).toBe('ab')
    expect(sanitizeLine(line, false)).toBe('ab')
  })

  it('removes an unterminated control string up to the end of the line', () => {
    expect(sanitizeText(`a${ESC}]0;evil\nb`)).toBe('a\nb')
  })

  it('keeps colors if enabled, and resets them at the end of the line', () => {
    expect(sanitizeLine(`${ESC}[1;31mred`, true)).toBe(`${ESC}[1;31mred${ESC}[0m`)
    expect(sanitizeLine(`${ESC}[1;31mred`, false)).toBe('red')
  })

  it('removes other sequences that end like a color', () => {
    expect(sanitizeLine(`a${ESC}[>4;2mb${ESC}[?25mc`, true)).toBe('abc')
  })

  it('keeps only the text after the last carriage return', () => {
    expect(sanitizeLine('10%\r50%\r100%', false)).toBe('100%')
    expect(sanitizeLine('done\r', false)).toBe('done')
  })

  it('keeps tabs and text in any script', () => {
    expect(sanitizeLine('a\té 日本 🎉', false)).toBe('a\té 日本 🎉')
  })

  it('leaves no control characters except color sequences in any text', () => {
    fc.assert(
      fc.property(hostile, (line) => {
        const left = sanitizeLine(line, true).replace(/\u001b\[[0-9;:]*m/g, '')
        expect(left).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/)
        expect(sanitizeLine(line, false)).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/)
      }),
    )
  })

  it('is idempotent', () => {
    fc.assert(
      fc.property(hostile, (line) => {
        const once = sanitizeLine(line, false)
        expect(sanitizeLine(once, false)).toBe(once)
      }),
    )
  })
})

describe('visibleLength and truncate', () => {
  it('counts characters, not color sequences or code units', () => {
    expect(visibleLength(`${ESC}[31mré🎉${ESC}[0m`)).toBe(3)
  })

  it('truncates to a width with an ellipsis', () => {
    expect(truncate('abcdef', 6)).toBe('abcdef')
    expect(truncate('abcdef', 4)).toBe('abc…')
  })
})
