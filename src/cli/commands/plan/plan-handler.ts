/** Handler of `cnb plan`. */

import { CnbError } from '../../../base/errors.ts'
import type { DetectOptions } from '../../../operations/build/detection/detect-app.ts'
import { openState } from '../../../operations/resources/open-state.ts'
import { planResources, type PlannedResource, type PlanOptions } from '../../../operations/resources/plan.ts'
import { resourceWord } from '../../../operations/resources/resource-word.ts'
import { sanitizeText } from '../../../ui/sanitize.ts'
import type { Theme } from '../../../ui/theme.ts'
import type { Outcome } from '../../../ui/reporter.ts'
import type { CommandContext, Handler, OptionGroup } from '../../command.ts'
import { codeCell, markdownTable, textCell } from '../../markdown-table.ts'
import { detection, flagsOf } from '../../options/detection.ts'
import { files, lenient, namespace, reconciliation, state as stateOption } from '../../options/resources.ts'

type ResourceValues = Omit<PlanOptions, 'isPlan' | 'kpackVersion'> & { readonly state?: string }
type Values = ResourceValues & Omit<DetectOptions, 'verbose'>

/** The exit code of a plan that has something to do. */
const CHANGES = 3

const { kpackCompatible, maxParallel, slsa, localCredentials } = reconciliation.options
/** Options that have no effect on the build of a directory, and those that have no effect on resources. */
const RESOURCES_ONLY = flagsOf({ files, namespace, lenient, state: stateOption, kpackCompatible, maxParallel, slsa, localCredentials })
const DIRECTORY_ONLY = flagsOf(Object.assign({}, ...detection.map(({ options }) => options)) as OptionGroup['options'])

export const runPlan: Handler<Values> = async (directory, values, session) => {
  const isBuild = directory !== '' || values.path !== undefined
  if (directory !== '' && values.path !== undefined) throw new CnbError('CNB_USAGE', 'a directory and --path cannot be used together', { hint: 'Leave out --path.' })
  const [, misused] = [...(isBuild ? RESOURCES_ONLY : DIRECTORY_ONLY)].find(([key]) => values[key as keyof Values] !== undefined) ?? []
  if (misused !== undefined) throw new CnbError('CNB_USAGE', isBuild ? `${misused} is for resources, not for a directory` : `${misused} needs a directory`, { hint: 'See: cnb plan --help' })
  return isBuild ? (await import('./plan-build-handler.ts')).planBuildOf(directory || values.path, values, session) : planStored(values, session)
}

async function planStored({ state, ...options }: ResourceValues, { host, context, services, remote, input, output }: CommandContext): Promise<Outcome> {
  const { failures, ...result } = await planResources(options, await openState(state, host), { remote, engine: services }, input, context)
  const { resources, changes } = result
  const acting = resources.filter(isActing)
  return {
    data: result,
    line: acting.map((each) => `${resourceWord(each)} ${each.action}`).join('\n'),
    text: (theme) => (output === 'markdown' ? markdown(resources) : textOf(resources, theme)),
    failures,
    // An unknown plan is an error, as for terraform: 3 says that there is something to do.
    ...(failures.length > 0 ? { exit: 1 } : changes ? { exit: CHANGES } : {}),
  }
}

const DONE: Readonly<Record<PlannedResource['action'], string>> = {
  build: 'will be built', rebase: 'will be rebased', retag: 'will get other tags', publish: 'will be published', save: 'will be saved on the engine', create: 'will be created', configure: 'will be changed',
  none: 'is up to date', unknown: 'cannot be decided',
}

function textOf(resources: readonly PlannedResource[], theme: Theme): string {
  if (resources.length === 0) return 'No resources found'
  const acting = resources.filter(isActing)
  const all = countOf(resources)
  const unknown = countOf(resources.filter(({ action }) => action === 'unknown'))
  const lines = resources.flatMap((resource) => {
    const { action, reason, text, pending } = resource
    const why = reason === '' ? (pending === undefined ? '' : ` (${pending} takes effect with the next build)`) : `: ${reason}`
    const name = theme.bold(resourceWord(resource))
    // The first line of the text repeats the reasons.
    const details = text.split('\n').slice(1).filter((line) => line !== '').map((line) => `  ${line.replace(/^\t/, '  ')}`)
    return [`${name} ${DONE[action]}${why}`, ...details].map(sanitizeText)
  })
  const known = acting.length === 0 ? 'Nothing to do.' : `${countOf(acting)} of ${all} resources have something to do.`
  const summary = unknown === 0 ? known : `${unknown} of ${all} resources cannot be decided.`
  return [...lines, '', ...(acting.length > 0 && unknown > 0 ? [known] : []), summary].join('\n')
}

/** A builder may have two lines: it is stored, and published. */
function countOf(resources: readonly PlannedResource[]): number {
  return new Set(resources.map((each) => `${each.namespace ?? ''} ${resourceWord(each)}`)).size
}

function isActing({ action }: PlannedResource): boolean {
  return action !== 'none' && action !== 'unknown'
}

/** A table for the summary of a job in GitHub Actions. */
function markdown(resources: readonly PlannedResource[]): string {
  return markdownTable(['resource', 'action', 'reason'], resources.map((resource) => [codeCell(resourceWord(resource)), resource.action, textCell(resource.reason)])).join('\n')
}
