/** Handler of `cnb builder inspect`. */

import { inspectBuilder, type InspectBuilderOptions } from '../../../operations/builder/inspect-builder.ts'
import type { Handler } from '../../command.ts'
import { builderText } from './inspect-text.ts'

export const runInspectBuilder: Handler<Omit<InspectBuilderOptions, 'builder' | 'local'>> = async (builder, values, session) => {
  const inspection = await inspectBuilder({ builder, ...values }, session, session.context)
  return { data: inspection, line: inspection.id, text: (theme) => builderText(inspection, theme) }
}
