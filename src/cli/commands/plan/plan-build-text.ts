/** Output of `cnb plan DIR` for people and for the summary of a job. */

import type { DetectedApp } from '../../../operations/build/detection/detect-app.ts'
import { formatFields } from '../../../ui/fields.ts'
import { sanitizeLine } from '../../../ui/sanitize.ts'
import { formatTable } from '../../../ui/table.ts'
import type { Theme } from '../../../ui/theme.ts'
import { shortDigest } from '../place-text.ts'
import { codeCell, markdownTable, textCell } from '../../markdown-table.ts'

/** Returns the group on one line. */
export function headline({ buildpacks, extensions }: DetectedApp): string {
  return [...buildpacks, ...extensions].map(named).join(', ') || 'no group of buildpacks fits the app'
}

export function detectedText(detected: DetectedApp, theme: Theme): string {
  const { app, builder, runImage, extendedRunImage: extended, platform, platformApi, lifecycle, buildPlan, outputs, decisions, buildpacks } = detected
  const reason = decisions.find(({ subject }) => subject.kind === 'run image')?.reason
  const table = (title: string, columns: readonly string[], rows: readonly (readonly string[])[]): string[] =>
    rows.length === 0 ? [] : ['', theme.heading(title), ...formatTable(columns.map((each) => ({ title: each })), rows, theme)]
  return [
    ...formatFields(
      [
        ['App', app],
        ['Builder', builder.image],
        ['Builder ID', shortDigest(builder.id)],
        ['Run image', reason === undefined ? runImage.image : `${runImage.image} (${reason})`],
        ['Run image ID', shortDigest(runImage.id)],
        ['Extended', extended && (extended.name !== runImage.image || extended.extend) ? `${extended.name}${extended.extend ? ', with Dockerfiles' : ''}` : undefined],
        ['Platform', `${platform}, Platform API ${platformApi}, lifecycle ${lifecycle}`],
      ],
      theme,
    ),
    ...table('Tried groups', GROUP_COLUMNS, groupRows(detected)),
    ...outputs.flatMap(({ module, lines, omitted }) => ['', theme.heading(`Output of ${sanitizeLine(module, false)}`), ...lines.map((line) => `  ${sanitizeLine(line, false)}`), ...(omitted > 0 ? [`  and ${omitted} lines`] : [])]),
    ...table('Build plan', PLAN_COLUMNS, planRows(buildPlan)),
    '',
    buildpacks.length > 0 ? `${theme.success('Fits')}: ${sanitizeLine(headline(detected), false)}` : theme.error(headline(detected)),
  ].join('\n')
}

export function detectedMarkdown(detected: DetectedApp): string {
  const { builder, runImage, buildPlan } = detected
  return [
    textCell(headline(detected)),
    '',
    ...markdownTable(['image', 'name', 'id'], [['builder', builder], ['run image', runImage]].map(([kind, used]) => [kind as string, codeCell((used as typeof builder).image), codeCell((used as typeof builder).id)])),
    '',
    ...markdownTable(GROUP_COLUMNS.map((title) => title.toLowerCase()), groupRows(detected).map((row) => row.map(codeCell))),
    ...(buildPlan.length > 0 ? ['', ...markdownTable(PLAN_COLUMNS.map((title) => title.toLowerCase()), planRows(buildPlan).map((row) => row.map(codeCell)))] : []),
  ].join('\n')
}

const GROUP_COLUMNS = ['GROUP', 'BUILDPACK', 'RESULT', 'REASON']
const PLAN_COLUMNS = ['DEPENDENCY', 'PROVIDED BY', 'VERSION']

function groupRows({ tried }: DetectedApp): string[][] {
  return tried.flatMap(({ modules, reason }, index) => {
    const rows = modules.map((module, place) => [place === 0 ? String(index + 1) : '', named(module), module.result, module.reason ?? exitText(module.exitCode)])
    return reason === undefined ? rows : [...rows, ['', '', 'fail', reason]]
  })
}

function planRows(buildPlan: DetectedApp['buildPlan']): string[][] {
  return buildPlan.map(({ name, providers, requires }) => [name, providers.map(named).join(', '), [...new Set(requires.flatMap(({ version }) => version ?? []))].join(', ') || 'any'])
}

function exitText(exitCode: number | undefined): string {
  return exitCode === undefined || exitCode === 0 ? '' : `exit code ${exitCode}`
}

function named({ id, version }: { readonly id: string; readonly version: string }): string {
  return `${id}@${version}`
}
