/** Handler of `cnb build`. */

import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import { build } from '../../operations/build/build.ts'
import type { BuildOptions } from '../../operations/build/build-options.ts'
import { type AppFile, listAppFiles } from '../../operations/build/build-project.ts'
import { parseSinks } from '../../operations/build/build-sinks.ts'
import { formatFields } from '../../ui/fields.ts'
import { formatDuration } from '../../ui/quantity.ts'
import { sanitizeLine } from '../../ui/sanitize.ts'
import type { Outcome } from '../../ui/reporter.ts'
import type { CommandContext, Handler } from '../command.ts'
import { buildMarkdown } from './reports/build-markdown.ts'
import { type Reported, type ReportOptions, withReports } from './reports/report-files.ts'
import { copyText, startText } from './start-text.ts'

type BuildValues = Omit<BuildOptions, 'image' | 'verbose' | 'explain' | 'reversePre' | 'bindings' | 'sourceMetadata'>
type Values = BuildValues & ReportOptions & { readonly listFiles?: boolean }

export const runBuild: Handler<Values> = async (image, { listFiles, summaryFile, resultFile, timings, ...values }, session) => {
  if (!listFiles) return withReports({ summaryFile, resultFile, timings }, session, (within) => buildReported(image, values, within, summaryFile !== undefined))
  const given = [['--summary-file', summaryFile], ['--result-file', resultFile], ['--timings', timings]].find(([, value]) => value !== undefined)
  if (given) throw new CnbError('CNB_USAGE', `--list-files cannot be used with ${given[0]}`, { hint: 'Use --output json.' })
  return listed(await listAppFiles(values, session.host, session.context))
}

/** @param summarized whether the image is compared with the one that it replaces */
async function buildReported(image: string, values: BuildValues, session: CommandContext, summarized: boolean): Promise<Reported> {
  const { host, context, verbose, explain, services, remote, dialect } = session
  if (values.path === undefined && (await exists(resolve(host.cwd, image)))) {
    const message = `'${image}' is used as the image name, although a file of that name exists; use --path to select the app`
    context.events?.({ type: 'warning', message })
  }
  const sinks = await parseSinks(values, host.cwd)
  const readChanges = summarized ? await (await import('./reports/read-changes.ts')).openChanges(image, sinks[0]?.place ?? '', values, session) : undefined
  const result = await build({ image, ...values, verbose, explain, reversePre: dialect.program === 'pack' }, { ...(await services()), ...remote }, context, sinks)
  const commands = sinks[0]?.loadCommands?.(result.image)
  const outcome: Outcome = {
    data: result,
    line: result.reference,
    text: (theme) =>
      [
        `${theme.success(result.unchanged ? 'Unchanged' : 'Built')} ${theme.name(result.image)} in ${formatDuration(result.durationMs)}`,
        ...formatFields(
          [
            ['Image', result.reference],
            ['Also named', result.tags.length > 0 ? result.tags.join(', ') : undefined],
            ['Saved to', result.places.length > 1 ? result.places.join(', ') : undefined],
            ['Platforms', result.images?.map(({ platform }) => platform).join(', ')],
            ['Run image', result.runImage],
            ['Buildpacks', result.buildpacks.map(({ id, version }) => `${id}@${version}`).join(', ')],
          ],
          theme,
        ),
        ...(commands ? copyText(commands, theme) : [startText(result.image, result.processes, theme)]),
      ].join('\n'),
  }
  return { outcome, markdown: async () => buildMarkdown(result, (await readChanges?.(result)) ?? []) }
}

/** The paths, one on each line, for other programs. */
function listed(files: readonly AppFile[]): Outcome {
  const lines = files.map(({ path }) => sanitizeLine(path, false)).join('\n')
  return { data: { files }, line: lines, text: () => lines }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
