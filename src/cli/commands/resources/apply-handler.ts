/** Handler of `cnb apply`. */

import { CnbError } from '../../../base/errors.ts'
import { apply, type AppliedResource, type ApplyOptions } from '../../../operations/resources/apply.ts'
import type { Making } from '../../../operations/resources/scope.ts'
import { openState } from '../../../operations/resources/open-state.ts'
import { resourceWord } from '../../../operations/resources/resource-word.ts'
import type { Handler } from '../../command.ts'

type Values = Omit<ApplyOptions, 'isPlan' | 'kpackVersion'> & { readonly state?: string }

export const runApply: Handler<Values> = async (_argument, { state, ...options }, { host, context, services, remote, input }) => {
  if ((options.files ?? []).length === 0) throw new CnbError('CNB_USAGE', 'cannot apply without files', { hint: "Name files or directories with -f, or '-f -' for standard input." })
  const result = await apply(options, await openState(state, host), { remote, engine: services }, input, context)
  const { resources, dryRun, failures } = result
  return {
    data: { dryRun, resources },
    line: resources.map(resourceWord).join('\n'),
    text: () => resources.map((resource) => lineOf(resource, dryRun)).join('\n'),
    failures,
    ...(failures.length > 0 ? { exit: 1 } : {}),
  }
}

const DONE: Readonly<Record<Making, string>> = { build: 'built', rebase: 'rebased', retag: 'tagged', publish: 'published', save: 'saved on the engine' }

function lineOf(resource: AppliedResource, dryRun: boolean): string {
  const { change, action, build, latestImage, ready, waitsFor } = resource
  const made = action === undefined ? '' : `, ${ready === 'True' ? DONE[action] : `${action} failed`}${build === undefined ? '' : ` (${build.reason})`}`
  const image = ready === 'True' && latestImage !== undefined ? `: ${latestImage}` : ''
  const waits = waitsFor === undefined ? '' : `, waits for ${waitsFor}`
  return `${resourceWord(resource)} ${change}${dryRun ? ' (dry run)' : `${made}${image}${waits}`}`
}
