/** Handler of `cnb logs`. */

import { type LogOptions, readBuildLogs } from '../../../operations/resources/build-logs.ts'
import { openState } from '../../../operations/resources/open-state.ts'
import { sanitizeText } from '../../../ui/sanitize.ts'
import type { Handler } from '../../command.ts'

type Values = Omit<LogOptions, 'image'> & { readonly state?: string; readonly times?: boolean }

export const runLogs: Handler<Values> = async (image, { state, times = false, ...options }, { host, context, print }) => {
  const { name, lines } = await readBuildLogs({ image, ...options }, await openState(state, host), context)
  for await (const some of lines) print(some.map(({ time, text }) => `${times && time !== '' ? `${time} ` : ''}${sanitizeText(text)}`).join('\n'))
  return { data: { build: name }, line: '', text: () => '', exact: true }
}
