/** Handler of `cnb shell`. */

import { openShell } from '../../../operations/shell/shell.ts'
import { endOutput } from '../../../ui/reporters/app-output.ts'
import type { HandlerOfSeveral } from '../../command.ts'

export const runShell: HandlerOfSeveral<object> = async ([image, ...command], _values, { context, services, appOutput, userTerminal }) => {
  const output = appOutput()
  const given = { ...(image === undefined ? {} : { image }), command }
  const result = await openShell(given, await services(), { output, ...(userTerminal ? { terminal: userTerminal } : {}) }, context)
  await endOutput(output)
  return { data: result, line: '', text: () => '', exit: result.exitCode }
}
