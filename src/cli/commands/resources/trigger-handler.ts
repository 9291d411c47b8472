/** Handler of `cnb trigger`. */

import { openState } from '../../../operations/resources/open-state.ts'
import { parseTriggered, triggerImage, type TriggerOptions } from '../../../operations/resources/trigger.ts'
import type { HandlerOfSeveral } from '../../command.ts'

type Values = Omit<TriggerOptions, 'name' | 'isPlan' | 'kpackVersion'> & { readonly state?: string }

export const runTrigger: HandlerOfSeveral<Values> = async (given, { state, ...options }, { host, context, services, remote }) => {
  const name = parseTriggered(given)
  const { failures, ...result } = await triggerImage({ name, ...options }, await openState(state, host), { remote, engine: services }, context)
  return {
    data: result,
    line: result.latestImage ?? '',
    text: () => `image.kpack.io/${name} triggered${result.ready === 'True' ? `: ${result.latestImage ?? ''}` : ''}`,
    failures,
    ...(failures.length > 0 ? { exit: 1 } : {}),
  }
}
