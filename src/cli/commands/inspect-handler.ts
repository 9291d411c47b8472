/** Handler of `cnb inspect`. */

import { inspect, type InspectOptions } from '../../operations/inspect/inspect.ts'
import type { Handler } from '../command.ts'
import { inspectionText } from './inspect-text.ts'

export const runInspect: Handler<Omit<InspectOptions, 'image' | 'local'>> = async (image, values, session) => {
  const inspection = await inspect({ image, ...values }, session, session.context)
  return { data: inspection, line: inspection.id, text: (theme) => inspectionText(inspection, theme) }
}
