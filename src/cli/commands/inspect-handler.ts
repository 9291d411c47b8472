/** What `cnb inspect` does. */

import { inspect } from '../../operations/inspect.ts'
import type { Handler, Values } from '../command.ts'
import { inspectionText } from './inspect-text.ts'

export const runInspect: Handler<Values<readonly []>> = async (image, _values, { context, services }) => {
  const inspection = await inspect({ image }, await services(), context)
  return { data: inspection, line: inspection.id, text: (theme) => inspectionText(inspection, theme) }
}
