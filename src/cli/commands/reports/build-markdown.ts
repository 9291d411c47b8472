/** The summary of a build in Markdown. */

import { counted } from '../../../base/counted.ts'
import type { BuildResult } from '../../../operations/build/build-result.ts'
import type { BuildChanges } from '../../../operations/diff/changes-of-build.ts'
import { formatBytes, formatDuration } from '../../../ui/quantity.ts'
import { codeCell, markdownTable, textCell } from '../../markdown-table.ts'
import { sectionsMarkdown } from '../diff/diff-markdown.ts'
import { headline, sectionsOf } from '../diff/diff-sections.ts'
import { sizeText } from '../place-text.ts'

/** The changes of one platform's image; `platform` is absent if it is the only one. */
export interface PlatformChanges {
  readonly platform: string | undefined
  /** Undefined for a place that images are not read from. */
  readonly changes: BuildChanges | undefined
}

/** Sections that repeat others in the words of the lifecycle. */
const REPEATED: readonly string[] = ['Labels', 'Settings']

export function buildMarkdown(result: BuildResult, platforms: readonly PlatformChanges[]): string {
  const fields: readonly [string, string | undefined][] = [
    ['Image', codeCell(result.reference)],
    ['Also named', result.tags.map(codeCell).join(', ')],
    ['Saved to', result.places.map(codeCell).join(', ')],
    ['Reason', textCell(result.reason ?? '')],
    ['Run image', codeCell(result.runImage)],
    ['Buildpacks', result.buildpacks.map(({ id, version }) => codeCell(`${id}@${version}`)).join(', ')],
    ...platforms.flatMap(({ platform, changes }): [string, string][] => (changes ? factsOf(platform === undefined ? '' : ` (${platform})`, changes) : [])),
  ]
  return [
    `### ${result.unchanged ? 'Unchanged' : 'Built'} ${codeCell(result.image)} in ${formatDuration(result.durationMs)}`,
    '',
    ...markdownTable(['', ''], fields.flatMap(([name, value]) => (value ? [[name, value]] : []))),
    ...phasesOf(result),
    ...platforms.flatMap(({ platform, changes }) => (changes ? changesOf(platform, changes) : [])),
  ].join('\n')
}

function factsOf(suffix: string, { layers, packages, diff }: BuildChanges): [string, string][] {
  const part = (reused: boolean): string => {
    const these = (diff?.layers ?? []).filter(({ change, to }) => to && (change === 'reused') === reused).map(({ to }) => to ?? {})
    return `${these.length} ${reused ? 'reused' : 'new'} (${sum(these)})`
  }
  return [
    [`Layers${suffix}`, diff ? `${part(false)}, ${part(true)}` : `${layers.length} (${sum(layers)})`],
    [`SBOM${suffix}`, packages === undefined ? 'none' : counted(packages, 'package')],
  ]
}

function sum(layers: readonly { readonly size?: number | undefined; readonly compressedSize?: number | undefined }[]): string {
  const bytes = layers.reduce((total, { size, compressedSize }) => total + (compressedSize ?? size ?? NaN), 0)
  return Number.isNaN(bytes) ? 'size unknown' : formatBytes(bytes)
}

function phasesOf({ phases, images }: BuildResult): string[] {
  const rows = images?.flatMap(({ platform, phases: its }) => its.map(({ phase, durationMs }) => [`${platform}: ${phase}`, durationMs] as const)) ?? phases.map(({ phase, durationMs }) => [phase, durationMs] as const)
  return rows.length === 0 ? [] : ['', ...markdownTable(['phase', 'time'], rows.map(([phase, durationMs]) => [codeCell(phase), formatDuration(durationMs)]))]
}

/** Without an earlier image, the layers are listed. */
function changesOf(platform: string | undefined, { layers, diff }: BuildChanges): string[] {
  const title = platform === undefined ? '' : ` (${platform})`
  if (!diff) {
    const rows = layers.filter(({ maker }) => maker !== 'run image').map(({ name, buildpack, ...size }) => [codeCell(buildpack === undefined ? name : `${buildpack}: ${name}`), sizeText(size)])
    return ['', `**Layers above the run image${title}**`, '', ...markdownTable(['layer', 'size'], rows)]
  }
  const sections = sectionsOf(diff).filter((section) => !REPEATED.includes(section.title))
  return ['', `**Since the last image${title}**: ${textCell(headline(diff))}`, ...(diff.identical ? [] : sectionsMarkdown(sections))]
}
