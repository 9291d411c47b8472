/** Handler of `cnb rebase`. */

import { CnbError } from '../../base/errors.ts'
import { listImages } from '../../operations/rebase/image-list.ts'
import type { RebaseOptions } from '../../operations/rebase/rebase.ts'
import { asFleet, rebaseMany, type RebaseManyResult } from '../../operations/rebase/rebase-many.ts'
import type { RebaseFleetOptions, RebaseRemoteOptions } from '../../operations/rebase/rebase-remote.ts'
import type { RebaseResult } from '../../operations/rebase/rebase-result.ts'
import type { Outcome } from '../../ui/reporter.ts'
import type { HandlerOfSeveral, CommandContext } from '../command.ts'
import { fleetFailures, fleetText } from './rebase-fleet-text.ts'
import { rebaseMarkdown } from './reports/rebase-markdown.ts'
import { type Reported, type ReportOptions, withReports } from './reports/report-files.ts'
import { rebaseText, type RebaseMode } from './rebase-text.ts'

/** The options of both variants: on the engine and in registries. */
interface RebaseValues extends ReportOptions, Omit<RebaseOptions, 'image'>, Omit<RebaseRemoteOptions, 'image'>, Omit<RebaseFleetOptions, 'images'> {
  readonly publish?: boolean
}

/** Exit code of a dry run that finds an outdated image. */
const EXIT_OUTDATED = 3

export const runRebase: HandlerOfSeveral<RebaseValues> = async (images, values, session) => {
  checkValues(images, values)
  return withReports(values, session, (within) => rebaseReported(images, values, within))
}

async function rebaseReported(images: readonly string[], values: RebaseValues, session: CommandContext): Promise<Reported> {
  const dryRun = values.dryRun ?? false
  const [image] = images
  if (image !== undefined && images.length === 1 && !isFleet(values)) {
    const result = await rebaseOne(image, values, session)
    return { outcome: singleOutcome(result, { dryRun, publish: values.publish ?? false }), markdown: () => rebaseMarkdown(asFleet(result, dryRun)) }
  }
  const result = await rebaseAll(images, values, session)
  return { outcome: fleetOutcome(result, dryRun), markdown: () => rebaseMarkdown(result) }
}

async function rebaseOne(image: string, values: RebaseValues, { services, remote, context }: CommandContext): Promise<RebaseResult> {
  if (!values.publish) return (await import('../../operations/rebase/rebase.ts')).rebase({ image, ...values }, await services(), context)
  return (await import('../../operations/rebase/rebase-remote.ts')).rebaseRemote({ image, ...values }, remote, context)
}

/** On an engine, rebases images one at a time: the engine does not process several in parallel. */
async function rebaseAll(images: readonly string[], values: RebaseValues, session: CommandContext): Promise<RebaseManyResult> {
  const { services, remote, context, host, input } = session
  if (values.publish) return (await import('../../operations/rebase/rebase-remote.ts')).rebaseFleet({ images, ...values }, remote, input, context)
  const { rebase } = await import('../../operations/rebase/rebase.ts')
  const listed = await listImages({ images, ...values }, { cwd: host.cwd, input }, context)
  const connected = await services()
  const { dryRun = false } = values
  return rebaseMany({ images: listed, concurrency: 1, dryRun }, (image, within) => rebase({ ...values, image }, connected, within), context)
}

function singleOutcome(result: RebaseResult, way: RebaseMode): Outcome {
  const { dryRun } = way
  return {
    data: { ...(dryRun ? { dryRun } : {}), ...result },
    line: result.reference,
    text: (theme) => rebaseText(result, way, theme),
    exit: dryRun && result.changed ? EXIT_OUTDATED : 0,
  }
}

function fleetOutcome(result: RebaseManyResult, dryRun: boolean): Outcome {
  const { images, summary } = result
  return {
    data: { dryRun, images, summary },
    summary: { dryRun, summary },
    line: images.flatMap(({ reference }) => reference ?? []).join('\n'),
    text: (theme) => fleetText(result, theme),
    failures: fleetFailures(images),
    exit: summary.failed > 0 ? 1 : summary.outdated > 0 ? EXIT_OUTDATED : 0,
  }
}

/** Whether the command line selects a list of images, even a list of one. */
function isFleet({ allTags, fromFile }: RebaseValues): boolean {
  return allTags !== undefined || fromFile !== undefined
}

function checkValues(images: readonly string[], values: RebaseValues): void {
  const fail = (message: string, hint: string): never => {
    throw new CnbError('CNB_USAGE', message, { hint })
  }
  if (images.length === 0 && !isFleet(values)) {
    fail('no image specified', "Specify an image, or see --all-tags and --from-file in 'cnb rebase --help'.")
  }
  if (images.length !== 1 || isFleet(values)) {
    if (values.previousImage !== undefined) fail('--previous-image applies to a single image', 'Specify one image.')
    if (values.reportOutputDir !== undefined) fail('--report-output-dir applies to a single image', 'Use --output json to report all images.')
  }
  if (values.concurrency === 0) fail("invalid --concurrency '0': expected a number of at least 1", 'Omit it to use the default of 12.')
  if (values.publish) return
  const remoteOnly = [
    ['--all-tags', values.allTags],
    ['--concurrency', values.concurrency],
    ['--insecure-registry', values.insecureRegistries],
    ['--ca-cert', values.caCerts],
  ] as const
  const given = remoteOnly.find(([, value]) => value !== undefined)
  if (given) fail(`${given[0]} requires --publish`, 'Add --publish, or configure the registry in the engine, which accesses it without --publish.')
}
