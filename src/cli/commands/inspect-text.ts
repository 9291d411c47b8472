/** Human-readable output of `cnb inspect`. */

import type { ImageInspection, InspectedProcess } from '../../operations/inspect/inspect.ts'
import { formatFields } from '../../ui/fields.ts'
import { formatTable } from '../../ui/table.ts'
import type { Theme } from '../../ui/theme.ts'
import { identityFields, shortDigest, sizeText, sizeTitle, titleLine } from './place-text.ts'
import { startText } from './start-text.ts'
import { targetText } from './target-text.ts'

/** @returns text with tables of buildpacks, processes and layers */
export function inspectionText(inspection: ImageInspection, theme: Theme): string {
  const { image, baseImage, runImages, buildpacks, extensions, processes, layers } = inspection
  const section = (title: string, lines: readonly string[]): string[] => ['', theme.heading(title), ...lines]
  return [
    titleLine(image, inspection, theme),
    '',
    ...formatFields(
      [
        ...identityFields(inspection),
        ['Stack', inspection.stack],
        ['Target', targetText(inspection.target)],
        ['Run image', baseImage.reference],
        ['Top layer', baseImage.topLayer],
        ['Run images', runImages.map(({ name }) => name).join(', ')],
        ['Rebasable', inspection.rebasable ? 'yes' : 'no'],
        ['SBOM', inspection.sbom ? 'yes' : 'no'],
        ['Lifecycle', inspection.lifecycleVersion],
      ],
      theme,
    ),
    ...section('Buildpacks', modules(buildpacks, theme)),
    ...(extensions.length > 0 ? section('Extensions', modules(extensions, theme)) : []),
    ...section('Processes', processes.length > 0 ? processTable(processes, theme) : ['  none']),
    ...(inspection.source === 'layout' || processes.some((process) => process.default) ? [] : [`  ${startText(image, processes, theme)}`]),
    ...section(
      'Layers',
      formatTable(
        [{ title: sizeTitle(inspection), align: 'right' }, { title: 'WHAT' }, { title: 'MADE BY' }, { title: 'DIFF ID', spare: true }, { title: 'DIGEST', spare: true }],
        layers.map((layer) => [sizeText(layer), layer.name, layer.buildpack ?? '', shortDigest(layer.diffId), shortDigest(layer.digest)]),
        theme,
      ),
    ),
  ].join('\n')
}

function modules(list: readonly { id: string; version: string; homepage?: string }[], theme: Theme): string[] {
  if (list.length === 0) return ['  none']
  const columns = [{ title: 'ID' }, { title: 'VERSION' }, { title: 'HOMEPAGE', spare: true }] as const
  return formatTable(columns, list.map(({ id, version, homepage }) => [id, version, homepage ?? '']), theme)
}

function processTable(processes: readonly InspectedProcess[], theme: Theme): string[] {
  return formatTable(
    [{ title: 'TYPE' }, { title: 'SHELL' }, { title: 'COMMAND' }, { title: 'ARGS' }, { title: 'WORK DIR', spare: true }],
    processes.map((process) => [
      process.default ? `${process.type} (default)` : process.type,
      process.shell,
      process.command,
      process.args.join(' '),
      process.workingDir,
    ]),
    theme,
  )
}
