/**
 * Text of others made safe to show. Containers, images and registries are hostile: a control sequence of theirs could move
 * the cursor over what `cnb` said, set the window's title or fill the clipboard (OSC 52). Colours are all that may pass.
 */

/** OSC, DCS, SOS, PM or APC with its content, up to its end or the line's. */
const CONTROL_STRING = /(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c\n]*(?:\u0007|\u001b\\|\u009c)?/
const CSI = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?/
const OTHER_ESCAPE = /\u001b[ -/]*[0-~]?/
const SEQUENCE = new RegExp([CONTROL_STRING, CSI, OTHER_ESCAPE].map(({ source }) => source).join('|'), 'g')
/** Colours and weights: digits and separators only. */
const SGR = /^\u001b\[[0-9;:]*m$/
/** C0 and C1 without tab and escape, and what turns the direction of writing, which can make a line read as another. */
const CONTROLS = /[\u0000-\u0008\u000a-\u001a\u001c-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g
const RESET = '\u001b[0m'

/** One line as a terminal would show it in the end: what a carriage return has overwritten is left out. */
function lastOverwrite(line: string): string {
  const trimmed = line.replace(/\r+$/, '')
  return trimmed.slice(trimmed.lastIndexOf('\r') + 1)
}

/**
 * A line of foreign output, safe to print.
 * @param colors whether SGR sequences stay; they end with the line, so that they cannot colour the next one
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

/** Foreign text of one or more lines without any control character but line ends. */
export function sanitizeText(text: string): string {
  return text.split('\n').map((line) => sanitizeLine(line, false)).join('\n')
}

/** How many characters a text takes on the screen; its colours take none. */
export function visibleLength(text: string): number {
  return [...sanitizeLine(text, false)].length
}

/** Cuts plain text to `width` characters. */
export function truncate(text: string, width: number): string {
  const characters = [...text]
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`
}
