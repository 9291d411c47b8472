/** Handler of `cnb delete`. */

import { openState } from '../../../operations/resources/open-state.ts'
import { resourceWord, subjectOf } from '../../../operations/resources/resource-word.ts'
import { deleteResources, type SelectOptions } from '../../../operations/resources/select.ts'
import type { HandlerOfSeveral } from '../../command.ts'

type Values = Omit<SelectOptions, 'given'> & { readonly state?: string }

export const runDelete: HandlerOfSeveral<Values> = async (given, { state, ...options }, { host, context }) => {
  const deleted = await deleteResources({ given, ...options }, await openState(state, host), context)
  const resources = deleted.map(subjectOf)
  return {
    data: { resources },
    line: resources.map(resourceWord).join('\n'),
    text: () => (resources.length === 0 ? 'No resources found' : resources.map((each) => `${resourceWord(each)} deleted`).join('\n')),
  }
}
