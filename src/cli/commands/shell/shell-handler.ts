/** Handler of `cnb shell`. */

import { finished } from 'node:stream/promises'
import { openShell } from '../../../operations/shell/shell.ts'
import type { HandlerOfSeveral } from '../../command.ts'

export const runShell: HandlerOfSeveral<object> = async ([image, ...command], _values, { context, services, appOutput, userTerminal }) => {
  const output = appOutput()
  const given = { ...(image === undefined ? {} : { image }), command }
  const result = await openShell(given, await services(), { output, ...(userTerminal ? { terminal: userTerminal } : {}) }, context)
  for (const stream of new Set([output.stdout, output.stderr])) await finished(stream.end())
  return { data: result, line: '', text: () => '', exit: result.exitCode }
}
