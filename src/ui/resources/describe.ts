/** Descriptions of resources in the layout of kubectl describe. */

import { fieldLabel } from './field-label.ts'
import { isRecord, type ResourceRow, valueAt } from './resource-row.ts'
import { alignTabbed, type TabbedLine } from './tabbed-lines.ts'

export interface DescribeOptions {
  /** Whether a Secret that a ServiceAccount names is missing. */
  readonly isMissing?: (secret: string) => boolean
}

/** Metadata that is printed first, and the copy of the document that kubectl apply makes. */
const SHOWN_BEFORE: readonly string[] = ['.metadata.name', '.metadata.namespace', '.metadata.labels', '.metadata.annotations', '.metadata.managedFields']
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
const MAX_ANNOTATION = 140
const NONE = '<none>'

/** Formats a resource. Values of Secrets are never shown. */
export function describeResource(resource: ResourceRow, options: DescribeOptions = {}): string[] {
  const { name, namespace = '', labels = {}, annotations = {} } = resource.metadata
  return alignTabbed([
    ['Name:', name],
    ['Namespace:', namespace],
    ...underTitle('Labels:', Object.keys(labels).sort().map((key) => `${key}=${labels[key]}`)),
    ...underTitle('Annotations:', annotationLines(annotations)),
    ...content(resource, options),
  ])
}

function content(resource: ResourceRow, { isMissing = () => false }: DescribeOptions): TabbedLine[] {
  const events: TabbedLine = ['Events:', NONE]
  if (resource.apiVersion !== 'v1') return [...fields(resource, '', ''), events]
  switch (resource.kind) {
    case 'Secret':
      return secret(resource)
    case 'ConfigMap':
      return [...configMap(resource), events]
    case 'ServiceAccount':
      return [...serviceAccount(resource, isMissing), events]
    default:
      return [...fields(resource, '', ''), events]
  }
}

function secret(resource: ResourceRow): TabbedLine[] {
  return ['', ['Type:', goText(valueAt(resource, 'type') ?? 'Opaque')], '', 'Data', '====', ...sizes(valueAt(resource, 'data')).map(([key, size]): TabbedLine => [`${key}:`, size])]
}

function configMap(resource: ResourceRow): TabbedLine[] {
  const data = entries(valueAt(resource, 'data')).flatMap(([key, value]) => [`${key}:`, '----', goText(value), ''])
  return ['', 'Data', '====', ...data, '', 'BinaryData', '====', ...sizes(valueAt(resource, 'binaryData')).map(([key, size]) => `${key}: ${size}`), '']
}

function serviceAccount(resource: ResourceRow, isMissing: (secret: string) => boolean): TabbedLine[] {
  const names = (field: string): string[] => {
    const list = valueAt(resource, field)
    return (Array.isArray(list) ? list : []).map((entry) => goText(valueAt(entry, 'name'))).map((name) => (isMissing(name) ? `${name} (not found)` : name))
  }
  return [...underTitle('Image pull secrets:', names('imagePullSecrets')), ...underTitle('Mountable secrets:', names('secrets')), ['Tokens:', NONE]]
}

/** @param indent of the lines @param path of the value, after a point */
function fields(value: object, indent: string, path: string): TabbedLine[] {
  return entries(value).flatMap(([key, member]): TabbedLine[] => {
    const here = `${path}.${key}`
    if (SHOWN_BEFORE.includes(here) || member === undefined) return []
    const label = `${indent}${fieldLabel(key)}:`
    const inner = `${indent}  `
    if (Array.isArray(member)) return [label, ...member.flatMap((item: unknown) => (isRecord(item) ? fields(item, inner, here) : [`${inner}${goText(item)}`]))]
    return isRecord(member) ? [label, ...fields(member, inner, here)] : [[label, goText(member)]]
  })
}

function annotationLines(annotations: Readonly<Record<string, string>>): string[] {
  const keys = Object.keys(annotations).filter((key) => key !== LAST_APPLIED).sort()
  return keys.flatMap((key) => {
    const value = (annotations[key] ?? '').replace(/\n$/, '')
    if (value.length + key.length + 2 <= MAX_ANNOTATION && !value.includes('\n')) return [`${key}: ${value}`]
    const shortened = value.split('\n').map((line) => (line.length > MAX_ANNOTATION - 2 ? `${line.slice(0, MAX_ANNOTATION - 2)}...` : line))
    return [`${key}:`, ...shortened.map((line) => `  ${line}`)]
  })
}

function underTitle(title: string, lines: readonly string[]): TabbedLine[] {
  return (lines.length === 0 ? [NONE] : lines).map((line, index) => [index === 0 ? title : '', line])
}

/** Returns the sizes of values in base64. */
function sizes(value: unknown): [string, string][] {
  return entries(value).map(([key, text]) => [key, `${Buffer.from(goText(text), 'base64').length} bytes`])
}

function entries(value: unknown): [string, unknown][] {
  return Object.entries(value ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Formats a value as Go's `%v`. */
function goText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (isRecord(value)) return `map[${entries(value).map(([key, member]) => `${key}:${goText(member)}`).join(' ')}]`
  return typeof value === 'string' ? value : JSON.stringify(value)
}
