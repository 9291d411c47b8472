/**
 * Removes control sequences from external text.
 *
 * Containers, images and registries are hostile: a control sequence could move the cursor over output of `cnb`, set the window's
 * title or write to the clipboard (OSC 52). Only colors pass.
 */

/** OSC, DCS, SOS, PM or APC with its content, up to its terminator or the end of the line. */
const CONTROL_STRING = /(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c\n]*(?:\u0007|\u001b\\|\u009c)?/
const CSI = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?/
const OTHER_ESCAPE = /\u001b[ -/]*[0-~]?/
const SEQUENCE = new RegExp([CONTROL_STRING, CSI, OTHER_ESCAPE].map(({ source }) => source).join('|'), 'g')
/** Colors and weights: digits and separators only. */
const SGR = /^\u001b\[[0-9;:]*m$/
/** C0 and C1 controls without tab and escape, and bidirectional controls, which can make a line read differently. */
const CONTROLS = /[\u0000-\u0008\u000a-\u001a\u001c-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g
const RESET = '\u001b[0m'

/** Returns the part of a line that a terminal would finally show: text before a carriage return is overwritten. */
function lastOverwrite(line: string): string {
  const trimmed = line.replace(/\r+$/, '')
  return trimmed.slice(trimmed.lastIndexOf('\r') + 1)
}

/**
 * Makes a line of external output safe to print.
 * @param colors whether SGR sequences are kept; a reset is appended, and the next line is not colored
 */
export function sanitizeLine(line: string, colors: boolean): string {
  let painted = false
  const clean = lastOverwrite(line)
    .replace(SEQUENCE, (sequence) => {
      if (!colors || !SGR.test(sequence)) return ''
      painted = true
      return sequence
    })
    .replace(CONTROLS, '')
  return painted ? clean + RESET : clean
}

/** Makes external text of one or more lines safe to print: only line feeds remain of its control characters. */
export function sanitizeText(text: string): string {
  return text.split('\n').map((line) => sanitizeLine(line, false)).join('\n')
}

/** Returns the number of characters that a text occupies on the screen; color codes occupy none. */
export function visibleLength(text: string): number {
  return [...sanitizeLine(text, false)].length
}

/** Truncates plain text to `width` characters. */
export function truncate(text: string, width: number): string {
  const characters = [...text]
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`
}
