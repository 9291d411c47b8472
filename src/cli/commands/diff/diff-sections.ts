/** The differences of two images as sections of short texts, for people. */

import type { ImageDiff } from '../../../operations/diff/diff.ts'
import { counted } from '../../../base/counted.ts'
import { formatBytes } from '../../../ui/quantity.ts'
import { shortDigest, sizeText } from '../place-text.ts'

type ShownChange = 'added' | 'removed' | 'changed'

/** A difference: `before` and `after` are undefined where a side lacks the thing. */
export interface ShownDifference {
  readonly change: ShownChange
  readonly name: string
  readonly before?: string | undefined
  readonly after?: string | undefined
}

export interface Section {
  readonly title: string
  readonly differences: readonly ShownDifference[]
  /** A line about things that the list omits. */
  readonly note?: string
}

/** The differences that a section lists; JSON has all. */
const MAX_LISTED = 200

interface Named {
  readonly name: string
  readonly change: ShownChange | 'reused'
}

/** Returns the sections that have anything to say. */
export function sectionsOf(diff: ImageDiff): Section[] {
  const { layers } = diff
  const reused = layers.filter(({ change }) => change === 'reused')
  const differing = layers.filter((layer): layer is typeof layer & { change: ShownChange } => layer.change !== 'reused')
  const sections = [
    section('Run image', diff.runImage, (value) => value),
    section('Buildpacks', diff.buildpacks, (value) => value),
    section('Extensions', diff.extensions, (value) => value),
    {
      title: 'Layers',
      differences: limited(differing).map(({ name, buildpack, change, from, to }) => ({
        change, name: buildpack === undefined ? name : `${buildpack}: ${name}`, before: from && layerText(from), after: to && layerText(to),
      })),
      note: [rest(differing), reused.length > 0 ? `${counted(reused.length, 'layer')} reused, ${bytesText(reused.map(({ to }) => to ?? {}))}` : ''].filter((text) => text).join('; '),
    },
    section('Processes', diff.processes, ({ command, args, workingDir, default: isDefault, direct }) =>
      [...command, ...args, ...(direct ? [] : ['(shell)']), ...(isDefault ? ['(default)'] : []), ...(workingDir ? [`(in ${workingDir})`] : [])].join(' ')),
    section('Environment', diff.environment, (value) => value),
    section('Settings', diff.settings, valueText),
    labelSection(diff),
    section('Packages', diff.packages ?? [], (value) => value),
    section('Files', diff.files ?? [], ({ type, mode, size, uid, gid, link }) =>
      [...(type === 'file' ? [size === undefined ? '' : formatBytes(size)] : [type]), mode, ...(uid === 0 && gid === 0 ? [] : [`${uid}:${gid}`]), ...(link === undefined ? [] : [`to ${link}`])].join(' ')),
  ]
  return sections.filter(({ differences, note }) => differences.length > 0 || (note ?? '') !== '')
}

export function section<T>(title: string, changes: readonly (Named & { readonly change: ShownChange; readonly from?: T; readonly to?: T })[], text: (value: T) => string): Section {
  return {
    title,
    differences: limited(changes).map(({ name, change, from, to }) => ({
      name, change, before: from === undefined ? undefined : text(from), after: to === undefined ? undefined : text(to),
    })),
    note: rest(changes),
  }
}

/** A label with JSON has a line for each value that differs. */
function labelSection({ labels }: ImageDiff): Section {
  const lines = labels.flatMap(({ name, change, from, to, values }): ShownDifference[] =>
    values
      ? values.map((value) => ({
          name: `${name} ${value.path}`, change: value.from === undefined ? 'added' : value.to === undefined ? 'removed' : 'changed',
          before: value.from === undefined ? undefined : valueText(value.from), after: value.to === undefined ? undefined : valueText(value.to),
        }))
      : [{ name, change, before: from, after: to }],
  )
  const more = labels.reduce((sum, label) => sum + (label.more ?? 0), 0)
  return { title: 'Labels', differences: limited(lines), note: rest(lines, more) }
}

function limited<T>(changes: readonly T[]): readonly T[] {
  return changes.slice(0, MAX_LISTED)
}

function rest(changes: readonly unknown[], unlisted = 0): string {
  const more = Math.max(0, changes.length - MAX_LISTED) + unlisted
  return more === 0 ? '' : `and ${more} more`
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

type Sized = Parameters<typeof sizeText>[0]

function layerText(layer: Sized & { readonly diffId: string }): string {
  return `${sizeText(layer)} ${shortDigest(layer.diffId)}`
}

function bytesText(layers: readonly Sized[]): string {
  const bytes = layers.reduce((sum, { size, compressedSize }) => sum + (compressedSize ?? size ?? NaN), 0)
  return Number.isNaN(bytes) ? 'size unknown' : formatBytes(bytes)
}

/** Returns the summary, on one line. */
export function headline(diff: ImageDiff): string {
  const { identical, from, to, layers } = diff
  if (identical) return from.id === to.id ? `identical: ${to.id}` : 'identical: same layers and configuration'
  const counts = (['added', 'removed', 'changed', 'reused'] as const).flatMap((kind) => {
    const count = layers.filter(({ change }) => change === kind).length
    return count === 0 ? [] : [`${count} ${kind}`]
  })
  const growth = growthText(diff)
  return `different: layers ${counts.join(', ') || 'none'}${growth === '' ? '' : `; ${growth}`}`
}

/** Returns the difference of the sizes, if both images have the same kind of sizes. */
function growthText({ layers }: ImageDiff): string {
  for (const kind of ['compressedSize', 'size'] as const) {
    const growth = layers.reduce((sum, { from, to }) => sum + (to ? (to[kind] ?? NaN) : 0) - (from ? (from[kind] ?? NaN) : 0), 0)
    if (!Number.isNaN(growth)) return growth === 0 ? 'same size' : `${growth > 0 ? '+' : '-'}${formatBytes(Math.abs(growth))}${kind === 'size' ? '' : ' compressed'}`
  }
  return ''
}
