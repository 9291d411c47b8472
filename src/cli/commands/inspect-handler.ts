/** What `cnb inspect` does. */

import { inspect } from '../../operations/inspect.ts'
import type { Handler, Values } from '../command.ts'
import { inspectionText } from './inspect-text.ts'
import type { inspectGroups } from './inspect.ts'

export const runInspect: Handler<Values<typeof inspectGroups>> = async (image, values, session) => {
  const inspection = await inspect({ image, ...values }, session, session.context)
  return { data: inspection, line: inspection.id, text: (theme) => inspectionText(inspection, theme) }
}
