/** Handler of `cnb import`. */

import { importDescriptor, type ImportOptions } from '../../../operations/resources/documents/import.ts'
import { openState } from '../../../operations/resources/open-state.ts'
import type { Handler } from '../../command.ts'
import { changeOutcome } from '../kp/change-outcome.ts'

type Values = Omit<ImportOptions, 'isPlan'> & { readonly state?: string }

export const runImport: Handler<Values> = async (_argument, { state, ...options }, session) => {
  const { host, context, services, remote, input } = session
  const result = await importDescriptor(options, await openState(state, host), { remote, engine: services }, input, context)
  const doing = result.resources.map(({ kind, name }) => `Importing ${kind} '${name}'...`)
  return changeOutcome(result, { doing, done: 'Imported resources' }, session)
}
