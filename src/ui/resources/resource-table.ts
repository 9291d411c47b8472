/** Tables of resources in kubectl's layout. */

import { sanitizeLine, visibleLength } from '../sanitize.ts'
import { ageSince } from './age.ts'
import { isRecord, type ResourceRow, resourceName, valueAt } from './resource-row.ts'

interface Column {
  readonly title: string
  readonly cell: (resource: ResourceRow, now: number) => string
}

export interface TableOptions {
  /** Milliseconds since 1970. */
  readonly now: number
  /** Whether the first column is the namespace (`-A`). */
  readonly namespaces?: boolean
  /** Whether the last column has the labels. */
  readonly labels?: boolean
  /** Whether names include the kind, because tables of other kinds follow. */
  readonly kinds?: boolean
  readonly headers?: boolean
  /** The widths of the columns in a table that this one continues; this one increases them. */
  readonly widths?: number[]
}

/** tabwriter's settings in kubectl. */
const PADDING = 3
const MIN_WIDTH = 6

const LATEST_IMAGE = status('LATESTIMAGE', 'latestImage')
const READY = condition('Ready')
const AGE: Column = { title: 'AGE', cell: ({ metadata }, now) => ageSince(metadata.creationTimestamp, now) }

/** The columns after the name, as kpack's CRDs and Kubernetes define them; `-o wide` has no others. */
const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  Image: [LATEST_IMAGE, READY],
  Build: [status('IMAGE', 'latestImage'), condition('Succeeded')],
  Builder: [LATEST_IMAGE, READY, condition('UpToDate')],
  ClusterBuilder: [LATEST_IMAGE, READY, condition('UpToDate')],
  Secret: [{ title: 'TYPE', cell: (resource) => text(valueAt(resource, 'type') ?? 'Opaque') }, count('DATA', 'data'), AGE],
  ServiceAccount: [count('SECRETS', 'secrets'), AGE],
  ConfigMap: [count('DATA', 'data', 'binaryData'), AGE],
}

/** Formats resources of one kind; no resources have no table. */
export function resourceTable(resources: readonly ResourceRow[], { now, namespaces, labels, kinds, headers = true, widths = [] }: TableOptions): string[] {
  const [first] = resources
  if (!first) return []
  const columns: Column[] = [
    ...(namespaces ? [{ title: 'NAMESPACE', cell: ({ metadata }: ResourceRow) => metadata.namespace ?? '' }] : []),
    { title: 'NAME', cell: (resource) => (kinds ? resourceName(resource) : resource.metadata.name) },
    ...(COLUMNS[first.kind] ?? [READY]),
    ...(labels ? [{ title: 'LABELS', cell: labelsOf }] : []),
  ]
  const cells = resources.map((resource) => columns.map(({ cell }) => oneLine(cell(resource, now))))
  const rows = headers ? [columns.map(({ title }) => title), ...cells] : cells
  for (const index of columns.keys()) widths[index] = rows.reduce((width, row) => Math.max(width, visibleLength(row[index] ?? '') + PADDING), widths[index] ?? MIN_WIDTH)
  return rows.map((row) => row.map((cell, index) => (index === columns.length - 1 ? cell : cell + ' '.repeat((widths[index] ?? 0) - visibleLength(cell)))).join(''))
}

/** kubectl cuts text at its first line end. */
function oneLine(cell: string): string {
  const end = cell.search(/[\f\n\r]/)
  return end < 0 ? sanitizeLine(cell, false) : `${sanitizeLine(cell.slice(0, end), false)}...`
}

function labelsOf({ metadata: { labels = {} } }: ResourceRow): string {
  const pairs = Object.keys(labels).sort().map((key) => `${key}=${labels[key]}`)
  return pairs.length === 0 ? '<none>' : pairs.join(',')
}

function status(title: string, field: string): Column {
  return { title, cell: (resource) => text(valueAt(resource, 'status', field)) }
}

function condition(type: string): Column {
  return {
    title: type.toUpperCase(),
    cell: (resource) => {
      const conditions = valueAt(resource, 'status', 'conditions')
      const found: unknown = Array.isArray(conditions) ? conditions.find((entry) => valueAt(entry, 'type') === type) : undefined
      return text(valueAt(found, 'status'))
    },
  }
}

function count(title: string, ...fields: readonly string[]): Column {
  const size = (value: unknown): number => (Array.isArray(value) ? value.length : isRecord(value) ? Object.keys(value).length : 0)
  return { title, cell: (resource) => String(fields.reduce((sum, field) => sum + size(valueAt(resource, field)), 0)) }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
