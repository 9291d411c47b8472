/** What `cnb builder inspect` does. */

import { inspectBuilder } from '../../../operations/inspect-builder.ts'
import type { Handler, Values } from '../../command.ts'
import { builderText } from './inspect-text.ts'
import type { inspectGroups } from './inspect.ts'

export const runInspectBuilder: Handler<Values<typeof inspectGroups>> = async (builder, values, session) => {
  const inspection = await inspectBuilder({ builder, ...values }, session, session.context)
  return { data: inspection, line: inspection.id, text: (theme) => builderText(inspection, theme) }
}
