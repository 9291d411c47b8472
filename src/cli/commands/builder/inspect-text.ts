/** Human-readable output of `cnb builder inspect`. */

import type { BuilderInspection } from '../../../operations/builder/inspect-builder.ts'
import { formatFields } from '../../../ui/fields.ts'
import { sanitizeLine } from '../../../ui/sanitize.ts'
import type { Theme } from '../../../ui/theme.ts'
import { modulesTable, orderTree } from '../modules-text.ts'
import { identityFields, layersTable, titleLine } from '../place-text.ts'
import { targetText } from '../target-text.ts'

/** @returns text with tables of buildpacks and layers and a tree of the detection order */
export function builderText(inspection: BuilderInspection, theme: Theme): string {
  const { builder, createdBy, user, stack, lifecycle, runImages, buildpacks, extensions, order, orderExtensions, layers } = inspection
  const section = (title: string, lines: readonly string[]): string[] => ['', theme.heading(title), ...lines]
  return [
    titleLine(builder, inspection, theme),
    '',
    ...formatFields(
      [
        ['Description', inspection.description],
        ...identityFields(inspection),
        ['Created by', [createdBy.name, createdBy.version].join(' ').trim()],
        ['Trusted', inspection.trusted ? 'yes' : 'no'],
        ['Build user', `${user.uid}:${user.gid}`],
        ['Stack', stack?.id],
        ['Target', targetText(inspection.target)],
        ['Lifecycle', lifecycle.version],
        ['Buildpack APIs', apis(lifecycle.buildpackApis)],
        ['Platform APIs', apis(lifecycle.platformApis)],
      ],
      theme,
    ),
    ...section('Run images', runImages.flatMap(runImageLines)),
    ...section('Buildpacks', modulesTable(buildpacks, theme)),
    ...section('Detection order', orderTree(order)),
    ...(extensions.length > 0 ? section('Extensions', modulesTable(extensions, theme)) : []),
    ...(orderExtensions.length > 0 ? section('Detection order of extensions', orderTree(orderExtensions)) : []),
    ...section('Layers', layersTable(inspection, layers, theme)),
  ].join('\n')
}

function runImageLines({ image, mirrors }: BuilderInspection['runImages'][number]): string[] {
  return [image, ...mirrors.map((mirror) => `${mirror} (mirror)`)].map((line) => `  ${sanitizeLine(line, false)}`)
}

function apis({ supported, deprecated }: { supported: readonly string[]; deprecated: readonly string[] }): string {
  return `${supported.join(', ')}${deprecated.length > 0 ? ` (deprecated: ${deprecated.join(', ')})` : ''}`
}
