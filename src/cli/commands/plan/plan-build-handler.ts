/** Handler of `cnb plan DIR`. */

import { detectApp, type DetectOptions } from '../../../operations/build/detection/detect-app.ts'
import type { Outcome } from '../../../ui/reporter.ts'
import type { CommandContext } from '../../command.ts'
import { detectedMarkdown, detectedText, headline } from './plan-build-text.ts'

export async function planBuildOf(path: string | undefined, values: DetectOptions, { context, services, remote, verbose, output }: CommandContext): Promise<Outcome> {
  const { result, error } = await detectApp({ ...values, path, verbose }, { ...(await services()), ...remote }, context)
  return {
    data: result,
    line: headline(result),
    text: (theme) => (output === 'markdown' ? detectedMarkdown(result) : detectedText(result, theme)),
    ...(error ? { failures: [error], exit: error.exit } : {}),
  }
}
