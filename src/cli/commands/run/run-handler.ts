/** Handler of `cnb run`. */

import { runImage, type RunOptions } from '../../../operations/run/run-image.ts'
import { endOutput } from '../../../ui/reporters/app-output.ts'
import type { HandlerOfSeveral } from '../../command.ts'

type Values = Omit<RunOptions, 'image' | 'args'>

export const runRun: HandlerOfSeveral<Values> = async ([image = '', ...args], values, { context, services, appOutput, hurry }) => {
  const output = appOutput()
  const result = await runImage({ image, args, ...values }, await services(), { output, kill: hurry() }, context)
  await endOutput(output)
  const { container, name, exitCode, url, note } = result
  return {
    data: result,
    line: exitCode === undefined ? container : '',
    text: (theme) => (exitCode === undefined ? `Started ${theme.name(name ?? container.slice(0, 12))}${url === undefined ? '' : ` at ${url}`}${note === undefined ? '' : ` (${note})`}` : ''),
    exit: exitCode ?? 0,
  }
}
