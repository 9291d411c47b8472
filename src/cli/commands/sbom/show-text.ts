/** Output of `cnb sbom show` for people and for the summary of a job. */

import { counted } from '../../../base/counted.ts'
import type { RuleHit, ShownPackage, ShownSbom } from '../../../operations/sbom/show-sbom.ts'
import { sanitizeText, truncate } from '../../../ui/sanitize.ts'
import { formatTable } from '../../../ui/table.ts'
import type { Theme } from '../../../ui/theme.ts'
import { codeCell, markdownTable, textCell } from '../../markdown-table.ts'

/** A longer name of a licence is a text. */
const LONGEST = 60

/** Returns the summary, on one line. */
export function headline({ packages, hits }: Pick<ShownSbom, 'packages' | 'hits'>): string {
  const unknown = packages.filter(({ licenses }) => licenses.length === 0).length
  return [counted(packages.length, 'package'), unknown === 0 ? '' : `${unknown} without a licence`, hits.length === 0 ? '' : counted(hits.length, 'broken rule')].filter((part) => part).join(', ')
}

export function shownSbomText(shown: ShownSbom, theme: Theme): string {
  const columns = [{ title: 'PACKAGE' }, { title: 'VERSION' }, { title: 'LICENCES' }]
  return [
    ...groupsOf(shown.packages).flatMap(({ title, packages }) => [theme.heading(sanitizeText(title).replaceAll('\n', ' ')), ...formatTable(columns, packages.map(rowOf), theme), '']),
    ...(shown.hits.length > 0 ? [theme.heading('Broken rules'), ...formatTable(HIT_COLUMNS.map((title) => ({ title })), shown.hits.map(hitRow), theme), ''] : []),
    theme[shown.hits.length > 0 ? 'error' : 'success'](headline(shown)),
  ].join('\n')
}

export function shownSbomMarkdown(shown: ShownSbom): string {
  const { packages, hits } = shown
  return [
    textCell(headline(shown)),
    ...(hits.length > 0 ? ['', ...markdownTable(HIT_COLUMNS.map((title) => title.toLowerCase()), hits.map((hit) => hitRow(hit).map(codeCell)))] : []),
    ...groupsOf(packages).flatMap(({ title, packages: its }) => ['', `**${textCell(title)}**`, '', ...markdownTable(['package', 'version', 'licences'], its.map((found) => rowOf(found).map(codeCell)))]),
  ].join('\n')
}

const HIT_COLUMNS = ['RULE', 'PACKAGE', 'VERSION', 'REASON']

function hitRow({ rule, package: name, version = '', reason }: RuleHit): string[] {
  return [rule, name, version, truncate(reason, LONGEST)]
}

function rowOf({ name, version = '', licenses }: ShownPackage): string[] {
  return [name, version, licenses.map((text) => truncate(text, LONGEST)).join(', ') || '-']
}

/** Returns the packages of each buildpack and layer. A package of several is in each. */
function groupsOf(packages: readonly ShownPackage[]): { title: string; packages: ShownPackage[] }[] {
  const groups = new Map<string, ShownPackage[]>()
  for (const found of packages) {
    const titles = found.places.map(({ buildpack = 'unknown buildpack', layer }) => (layer === undefined ? buildpack : `${buildpack}, layer ${layer}`))
    for (const title of new Set(titles.length > 0 ? titles : ['Packages'])) groups.set(title, [...(groups.get(title) ?? []), found])
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([title, its]) => ({ title, packages: its }))
}
