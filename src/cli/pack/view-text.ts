/** The text of `pack inspect` and `pack builder inspect`, with the same sections for both places. */

import { sanitizeLine } from '../../ui/sanitize.ts'
import type { BuilderInfo } from './builder-document.ts'
import type { Both, ImageInfo } from './image-document.ts'
import { alignCells } from './tab-writer.ts'

const IMAGE_COLUMNS = ['id', 'version', 'homepage'] as const
const BUILDER_COLUMNS = ['id', 'name', 'version', 'homepage'] as const

/** @param trust lines about the trust in a builder */
export function viewText(title: string, { remote, local }: Both<ImageInfo | BuilderInfo>, trust: readonly string[] = []): string {
  const place = (info: ImageInfo | BuilderInfo | undefined): string[] => {
    if (!info) return ['(not present)']
    return ['', ...('base_image' in info ? imageLines(info) : builderLines(info, trust))]
  }
  return [title, '', 'REMOTE:', ...place(remote), '', 'LOCAL:', ...place(local)].join('\n')
}

function imageLines({ stack, base_image: base, run_images: runImages, rebasable, buildpacks, extensions, processes }: ImageInfo): string[] {
  return [
    ...(stack === '' ? [] : [`Stack: ${plain(stack)}`, '']),
    ...['Base Image:', `  Reference: ${plain(base.reference)}`, `  Top Layer: ${plain(base.top_layer)}`, ''],
    ...runImageLines(runImages ?? [], WIDE),
    '',
    `Rebasable: ${rebasable}`,
    '',
    ...modules('Buildpacks:', IMAGE_COLUMNS, buildpacks ?? [], '(buildpack metadata not present)'),
    ...(extensions ? ['', ...modules('Extensions:', IMAGE_COLUMNS, extensions, '(extension metadata not present)')] : []),
    ...processLines(processes ?? []),
  ]
}

function processLines(processes: NonNullable<ImageInfo['processes']>): string[] {
  if (processes.length === 0) return []
  const cells = processes.map(({ type, shell, command, args, ...process }) =>
    [process.default ? `${type} (default)` : type, String(shell), command, (args ?? []).join(' '), process['working-dir'] ?? ''].map(plain))
  return ['', 'Processes:', ...table([['TYPE', 'SHELL', 'COMMAND', 'ARGS', 'WORK DIR'], ...cells])]
}

function builderLines(info: BuilderInfo, trust: readonly string[]): string[] {
  const { lifecycle, created_by: creator } = info
  const apis = ({ deprecated, supported }: typeof lifecycle.platform_apis): string[] =>
    [['Deprecated', deprecated], ['Supported', supported]].map(([word, list]) => `    ${String(word)}: ${(list as string[]).join(', ') || '(none)'}`)
  return [
    ...(info.description ? [`Description: ${plain(info.description)}`, ''] : []),
    ...['Created By:', `  Name: ${plain(creator.name)}`, `  Version: ${plain(creator.version)}`, '', ...trust, ''],
    ...(info.stack ? ['Stack:', `  ID: ${plain(info.stack.id)}`, ''] : []),
    ...['Lifecycle:', `  Version: ${plain(lifecycle.version)}`],
    ...['  Buildpack APIs:', ...apis(lifecycle.buildpack_apis), '  Platform APIs:', ...apis(lifecycle.platform_apis), ''],
    ...runImageLines(info.run_images, NARROW),
    '',
    ...modules('Buildpacks:', BUILDER_COLUMNS, info.buildpacks),
    '',
    ...orderLines('Detection Order:', info.detection_order),
    ...(info.extensions ? ['', ...modules('Extensions:', BUILDER_COLUMNS, info.extensions), '', ...orderLines('Detection Order (Extensions):', info.order_extensions ?? [])] : []),
  ]
}

interface OrderGroup {
  readonly buildpacks: readonly { readonly id: string; readonly version?: string; readonly optional?: boolean; readonly cyclic?: boolean; readonly buildpacks?: readonly OrderGroup[] }[]
}

/** Spaces between columns, in pack's builder and image writers. */
const WIDE = 8
const NARROW = 4

function orderLines(title: string, order: readonly object[]): string[] {
  const cells = groupLines(order as readonly OrderGroup[], '')
  return [title, ...(cells.length > 0 ? alignCells(cells, NARROW).map((line) => line.trimEnd()) : ['  (none)'])]
}

function groupLines(order: readonly OrderGroup[], prefix: string): string[][] {
  return order.flatMap(({ buildpacks }, group) => {
    const isLastGroup = group === order.length - 1
    const below = prefix + (isLastGroup ? '   ' : ' │ ')
    return [[`${prefix}${isLastGroup ? ' └ ' : ' ├ '}Group #${group + 1}:`], ...buildpacks.flatMap(({ id, version, optional, cyclic, buildpacks: inner = [] }, at) => {
      const isLast = at === buildpacks.length - 1
      const name = plain(version ? `${id}@${version}` : id)
      const flags = `${optional ? '(optional)' : ''}${cyclic ? '[cyclic]' : ''}`
      return [[`${below}${isLast ? ' └ ' : ' ├ '}${name}`, flags], ...groupLines(inner, below + (isLast ? '   ' : ' │ '))]
    })]
  })
}

function runImageLines(images: readonly { readonly name: string; readonly user_configured?: true }[], padding: number): string[] {
  const cells = images.map(({ name, user_configured: isConfigured }) => [`  ${plain(name)}`, ...(isConfigured ? ['(user-configured)'] : [])])
  return ['Run Images:', ...(cells.length > 0 ? alignCells(cells, padding) : ['  (none)'])]
}

interface Module {
  readonly id: string
  readonly name?: string
  readonly version?: string
  readonly homepage?: string
}

/** Returns a table with columns of these titles. Each module is a line. */
function modules(title: string, columns: readonly ('id' | 'name' | 'version' | 'homepage')[], list: readonly Module[], none = '(none)'): string[] {
  if (list.length === 0) return [title, `  ${none}`]
  const cells = list.map((module) => columns.map((column) => plain(module[column] || (column === 'version' ? '' : '-'))))
  return [title, ...table([columns.map((column) => column.toUpperCase()), ...cells])]
}

function table([titles, ...lines]: readonly (readonly string[])[]): string[] {
  return alignCells([titles!, ...lines].map(([first, ...more]) => [`  ${first}`, ...more]), WIDE).map((line) => line.trimEnd())
}

function plain(text: string): string {
  return sanitizeLine(text, false)
}
