/** Human-readable output of `cnb inspect --layers`. */

import type { LayerSizes } from '../../operations/inspect/layer-sizes.ts'
import { formatShare } from '../../ui/quantity.ts'
import { formatTable } from '../../ui/table.ts'
import { sanitizeText, truncate } from '../../ui/sanitize.ts'
import type { Theme } from '../../ui/theme.ts'
import { shortDigest, sizeText, sizeTitle, titleLine } from './place-text.ts'

/** Blocks that fill one to eight eighths of a character. */
const EIGHTHS = '▏▎▍▌▋▊▉█'
/** The columns besides bar and names: an indent, a size, a share, and spaces between them. */
const FIXED = 26
/** The length of a history entry where lines may have any length. */
const LONGEST_NAME = 72
const SHORTEST_NAME = 10
/** The makers that have a name besides their kind. */
const NAMED: readonly string[] = ['run image', 'extension', 'buildpack', 'step']

/** Returns a table of makers with their layers; on a terminal with bars. */
export function layerSizesText(sizes: LayerSizes, theme: Theme): string {
  const { image, builtByBuildpacks, makers } = sizes
  const bar = theme.width === undefined || theme.width < 60 ? 0 : Math.min(30, Math.floor(theme.width / 5))
  const room = theme.width === undefined ? LONGEST_NAME : Math.max(SHORTEST_NAME, theme.width - FIXED - (bar > 0 ? bar + 2 : 0))
  const name = (text: string, indent = ''): string => indent + truncate(oneLine(text), room - indent.length)
  const rows = makers.flatMap(({ kind, name: maker, share, layers, ...size }) => {
    const [only] = layers.length === 1 ? layers : []
    const title = NAMED.includes(kind) ? maker : kind
    const layer = only && (kind === 'buildpack' || kind === 'extension') ? `: ${only.name}` : ''
    return [
      [sizeText(size), share === undefined ? '' : formatShare(share), barOf(share, bar), name(title + layer), shortDigest(only?.diffId)],
      ...(only ? [] : layers.map((each) => [sizeText(each), '', '', name(each.name, '  '), shortDigest(each.diffId)])),
    ]
  })
  const columns = [
    { title: sizeTitle(sizes), align: 'right' },
    { title: 'SHARE', align: 'right' },
    { title: '', paint: (cell: string) => theme.success(cell) },
    { title: builtByBuildpacks ? 'MADE BY' : 'HISTORY' },
    { title: 'DIFF ID', spare: true },
  ] as const
  const lines = formatTable(columns, rows, theme)
  return [titleLine(image, sizes, theme), '', ...lines, ...(builtByBuildpacks ? [] : ['', `  ${theme.dim('Not built by buildpacks: the names are those of the history.')}`])].join('\n')
}

function oneLine(text: string): string {
  return sanitizeText(text).replaceAll(/\s+/g, ' ').trim()
}

/** Returns a bar for the share; a share above 0 has at least the thinnest one. */
function barOf(share: number | undefined, width: number): string {
  if (share === undefined || share === 0 || width === 0) return ''
  const eighths = Math.max(1, Math.round(share * width * 8))
  const part = eighths % 8
  return '█'.repeat((eighths - part) / 8) + (part > 0 ? EIGHTHS[part - 1]! : '')
}
