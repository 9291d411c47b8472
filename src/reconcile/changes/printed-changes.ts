/** The text about its reasons that a build prints first: `change_logger.go` and `differ.go` of kpack. */

import { encodeGoYaml } from '../../formats/go/yaml.ts'
import type { Change } from './changes.ts'
import { diffLines, type DiffLine } from './line-diff.ts'

const MARKS: Readonly<Record<DiffLine['side'], { mark: string; colour: string } | undefined>> = {
  old: { mark: '-', colour: '\x1b[31m' },
  new: { mark: '+', colour: '\x1b[32m' },
  both: undefined,
}
const RESET = '\x1b[0m'

type Shown = Pick<Change, 'old' | 'new'> & { readonly reason: string }

/**
 * Returns the reasons and their differences, as lines that each end with a line break; empty without changes.
 * @param changes as recorded in a build's annotation, or of a decision
 */
export function printChanges(changes: readonly Shown[], { colour }: { colour: boolean }): string {
  if (changes.length === 0) return ''
  const blocks = changes.map((change) => `${change.reason}:\n${printDiff(change, colour) || '\n'}`)
  return `Build reason(s): ${changes.map(({ reason }) => reason).join(',')}\n${blocks.join('')}`
}

/** Returns the lines of one change with the prefix of a tab. Lines that both sides have get no mark. */
export function printDiff(change: Pick<Change, 'old' | 'new'>, colour: boolean): string {
  const [old, value] = [change.old, change.new].map(shownText) as [string, string]
  if (old === value) return ''
  return diffLines(old.split('\n'), value.split('\n'))
    .filter(({ text }) => text !== '')
    .map(({ side, text }) => `\t${marked(side, text, colour)}\n`)
    .join('')
}

function marked(side: DiffLine['side'], text: string, colour: boolean): string {
  const style = MARKS[side]
  if (!style) return text
  return colour ? `${style.colour}${style.mark}${RESET} ${style.colour}${text}${RESET}` : `${style.mark} ${text}`
}

function shownText(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : encodeGoYaml(value)
}
