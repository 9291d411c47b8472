/** Human-readable output of `cnb buildpack inspect` and `cnb extension inspect`. */

import type { InspectPackageOptions, PackageInspection } from '../../../operations/packages/inspect-package.ts'
import { formatFields } from '../../../ui/fields.ts'
import type { Theme } from '../../../ui/theme.ts'
import { modulesTable, orderTree } from '../modules-text.ts'
import { identityFields, layersTable, titleLine } from '../place-text.ts'

/** @returns text with tables of modules and layers, and a tree of the order */
export function packageText(inspection: PackageInspection, kind: InspectPackageOptions['kind'], theme: Theme): string {
  const { main, stacks, modules, order, layers } = inspection
  const section = (title: string, lines: readonly string[]): string[] => ['', theme.heading(title), ...lines]
  const [{ targets = [], api } = {}] = modules
  return [
    titleLine(inspection.package, inspection, theme),
    '',
    ...formatFields(
      [
        [kind === 'buildpack' ? 'Buildpack' : 'Extension', `${main.id}@${main.version}`],
        ['Name', main.name],
        ['Description', main.description],
        ['Homepage', main.homepage],
        ['Licenses', main.licenses?.map(({ type, uri }) => type || uri).join(', ')],
        ['Buildpack API', api],
        ['Targets', targets.join('; ')],
        ['Stacks', stacks.map(({ id, mixins = [] }) => (mixins.length > 0 ? `${id} (${mixins.join(', ')})` : id)).join(', ')],
        ...identityFields(inspection),
      ],
      theme,
    ),
    ...section(kind === 'buildpack' ? 'Buildpacks' : 'Extensions', modulesTable(modules, theme)),
    ...(order.length > 0 ? section('Detection order', orderTree(order)) : []),
    ...section('Layers', layersTable(inspection, layers, theme)),
  ].join('\n')
}
