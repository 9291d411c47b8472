/** Handler of `cnb describe`. */

import { openState } from '../../../operations/resources/open-state.ts'
import { selectResources, type SelectOptions } from '../../../operations/resources/select.ts'
import { describeResource } from '../../../ui/resources/describe.ts'
import { resourceName, type ResourceRow } from '../../../ui/resources/resource-row.ts'
import type { HandlerOfSeveral } from '../../command.ts'

type Values = Omit<SelectOptions, 'given'> & { readonly state?: string }

export const runDescribe: HandlerOfSeveral<Values> = async (given, { state, ...options }, { host, context }) => {
  const selected = await selectResources({ given, ...options }, await openState(state, host), context)
  const rows: ResourceRow[] = selected.flatMap(({ resources }) => [...resources])
  const text = rows.length === 0 ? 'No resources found' : rows.map((row) => describeResource(row).join('\n')).join('\n\n\n')
  return { data: { resources: rows }, line: rows.map(resourceName).join('\n'), text: () => text }
}
