/** Handler of `cnb watch`. */

import { openState } from '../../../../operations/resources/open-state.ts'
import { watch, type WatchOptions } from '../../../../operations/resources/watch/watch.ts'
import type { Handler } from '../../../command.ts'

type Values = Omit<WatchOptions, 'isPlan' | 'kpackVersion'> & { readonly state?: string }

export const runWatch: Handler<Values> = async (_argument, { state, ...options }, { host, context, services, remote }) =>
  watch(options, await openState(state, host), { remote, engine: services }, context)
