/** Compares the labels of two images; labels with JSON by their content. */

import { isTable } from '../../formats/lenient-values.ts'
import { compareMaps, type Change } from './changes.ts'

/** A difference in the JSON of a label. `path` is like `buildpacks[0].version`. */
interface ValueChange {
  path: string
  from?: unknown
  to?: unknown
}

/** A label; for JSON in both images, `values` replaces the two texts. */
export interface LabelChange extends Change<string> {
  values?: ValueChange[]
  /** The number of differences that `values` omits. */
  more?: number
}

/** The differences that are listed for one label. */
const MAX_VALUES = 50
/** Labels of buildpacks nest less than 10 levels; others are compared as texts. */
const MAX_DEPTH = 64

/** Returns the labels that differ. Labels with equal JSON do not: spaces and the order of keys have no meaning. */
export function compareLabels(from: Readonly<Record<string, string>>, to: Readonly<Record<string, string>>): LabelChange[] {
  const changes = compareMaps(new Map(Object.entries(from)), new Map(Object.entries(to)), (a, b) => a === b)
  return changes.flatMap((change): LabelChange[] => {
    const { name, from: before, to: after } = change
    const [parsed, other] = [parseJson(before), parseJson(after)]
    if (parsed === undefined || other === undefined) return [change]
    const found: Found = { values: [], count: 0 }
    collect(parsed, other, '', found)
    if (found.count === 0) return []
    const more = found.count - found.values.length
    return [{ name, change: 'changed', values: found.values, ...(more > 0 ? { more } : {}) }]
  })
}

interface Found {
  readonly values: ValueChange[]
  count: number
}

/** Returns the object or list of a text; undefined for other texts, and for one that nests too deeply for recursive functions. */
function parseJson(text: string | undefined): unknown {
  if (text === undefined || !/^\s*[[{]/.test(text)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return nestsAtMost(value, MAX_DEPTH) ? value : undefined
  } catch {
    return undefined
  }
}

function nestsAtMost(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.values(value).every((member) => nestsAtMost(member, depth - 1))
}

function collect(from: unknown, to: unknown, path: string, found: Found): void {
  const [before, after] = [membersOf(from), membersOf(to)]
  if (before && after && Array.isArray(from) === Array.isArray(to)) {
    for (const key of new Set([...before.keys(), ...after.keys()])) {
      const inner = Array.isArray(from) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
      collect(before.get(key), after.get(key), inner, found)
    }
  } else if (from !== to && JSON.stringify(from) !== JSON.stringify(to)) {
    found.count++
    if (found.values.length < MAX_VALUES) found.values.push({ path, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) })
  }
}

function membersOf(value: unknown): Map<string, unknown> | undefined {
  return isTable(value) || Array.isArray(value) ? new Map(Object.entries(value)) : undefined
}
