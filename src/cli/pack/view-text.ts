/** The text of `pack inspect` and `pack builder inspect`, with the same sections for both places. */

import { formatTable } from '../../ui/table.ts'
import type { Theme } from '../../ui/theme.ts'
import { formatTree, type TreeNode } from '../../ui/tree.ts'
import { sanitizeLine } from '../../ui/sanitize.ts'
import type { BuilderInfo } from './builder-document.ts'
import type { Both, ImageInfo } from './image-document.ts'

/** @param trust lines about the trust in a builder */
export function viewText(title: string, { remote, local }: Both<ImageInfo | BuilderInfo>, theme: Theme, trust: readonly string[] = []): string {
  const place = (info: ImageInfo | BuilderInfo | undefined): string[] => {
    if (!info) return ['(not present)']
    return 'base_image' in info ? imageLines(info, theme) : builderLines(info, trust, theme)
  }
  return [title, '', 'REMOTE:', '', ...place(remote), '', 'LOCAL:', '', ...place(local)].join('\n')
}

function imageLines({ stack, base_image: base, run_images: runImages, rebasable, buildpacks, extensions, processes }: ImageInfo, theme: Theme): string[] {
  return [
    ...(stack === '' ? [] : [`Stack: ${plain(stack)}`, '']),
    ...['Base Image:', `  Reference: ${plain(base.reference)}`, `  Top Layer: ${plain(base.top_layer)}`, ''],
    ...runImageLines(runImages ?? []),
    '',
    `Rebasable: ${rebasable}`,
    '',
    ...modules('Buildpacks:', buildpacks ?? [], theme),
    ...(extensions ? ['', ...modules('Extensions:', extensions, theme)] : []),
    '',
    'Processes:',
    ...formatTable(
      ['TYPE', 'SHELL', 'COMMAND', 'ARGS', 'WORK DIR'].map((title) => ({ title })),
      (processes ?? []).map(({ type, shell, command, args, ...process }) => [process.default ? `${type} (default)` : type, shell, command, (args ?? []).join(' '), process['working-dir']]),
      theme,
    ),
  ]
}

function builderLines(info: BuilderInfo, trust: readonly string[], theme: Theme): string[] {
  const { lifecycle, created_by: creator } = info
  const apis = ({ deprecated, supported }: typeof lifecycle.platform_apis): string[] =>
    [['Deprecated', deprecated], ['Supported', supported]].map(([word, list]) => `    ${String(word)}: ${(list as string[]).join(', ') || '(none)'}`)
  return [
    ...(info.description ? [`Description: ${plain(info.description)}`, ''] : []),
    ...['Created By:', `  Name: ${plain(creator.name)}`, `  Version: ${plain(creator.version)}`, '', ...trust, ''],
    ...(info.stack ? ['Stack:', `  ID: ${plain(info.stack.id)}`, ''] : []),
    ...['Lifecycle:', `  Version: ${plain(lifecycle.version)}`],
    ...['  Buildpack APIs:', ...apis(lifecycle.buildpack_apis), '  Platform APIs:', ...apis(lifecycle.platform_apis), ''],
    ...runImageLines(info.run_images),
    '',
    ...modules('Buildpacks:', info.buildpacks, theme),
    '',
    'Detection Order:',
    ...formatTree(orderNodes(info.detection_order as OrderGroup[]), ' '),
    ...(info.extensions ? ['', ...modules('Extensions:', info.extensions, theme)] : []),
  ]
}

interface OrderGroup {
  readonly buildpacks: readonly { readonly id: string; readonly version?: string; readonly optional?: boolean; readonly cyclic?: boolean; readonly buildpacks?: readonly OrderGroup[] }[]
}

function orderNodes(order: readonly OrderGroup[]): TreeNode[] {
  return order.map(({ buildpacks }, index) => ({
    label: `Group #${index + 1}:`,
    children: buildpacks.map(({ id, version, optional, cyclic, buildpacks: inner = [] }) => ({
      label: plain(`${version ? `${id}@${version}` : id}${optional ? '    (optional)' : ''}${cyclic ? '    [cyclic]' : ''}`),
      children: orderNodes(inner),
    })),
  }))
}

function runImageLines(images: readonly { readonly name: string; readonly user_configured?: true }[]): string[] {
  const lines = images.map(({ name, user_configured: isConfigured }) => `  ${plain(name)}${isConfigured ? '    (user-configured)' : ''}`)
  return ['Run Images:', ...(lines.length > 0 ? lines : ['  (none)'])]
}

function modules(title: string, list: readonly { readonly id: string; readonly name?: string; readonly version?: string; readonly homepage?: string }[], theme: Theme): string[] {
  if (list.length === 0) return [title, '  (none)']
  const columns = ['ID', 'NAME', 'VERSION', 'HOMEPAGE'].map((column) => ({ title: column }))
  return [title, ...formatTable(columns, list.map(({ id, name = '', version = '', homepage }) => [id, name, version, homepage ?? '-']), theme)]
}

function plain(text: string): string {
  return sanitizeLine(text, false)
}
