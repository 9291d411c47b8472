/** What `cnb rebase` does. */

import { rebase } from '../../operations/rebase.ts'
import { fields } from '../../ui/fields.ts'
import { formatDuration } from '../../ui/quantity.ts'
import type { Handler, Values } from '../command.ts'
import type { rebaseGroups } from './rebase.ts'

export const runRebase: Handler<Values<typeof rebaseGroups>> = async (image, values, { context, services }) => {
  const result = await rebase({ image, ...values }, await services(), context)
  return {
    data: result,
    line: result.reference,
    text: (theme) =>
      [
        result.changed
          ? `${theme.success('Rebased')} ${theme.name(result.image)} in ${formatDuration(result.durationMs)}`
          : `${theme.success('Nothing to do:')} ${theme.name(result.image)} already stands on that run image`,
        ...fields(
          [
            ['Image', result.reference],
            ['Run image', result.runImage],
            ['Before', result.previousRunImage === result.runImage ? undefined : result.previousRunImage],
          ],
          theme,
        ),
        `${theme.dim('Look at it:')} ${theme.bold(`cnb inspect ${result.image}`)}`,
      ].join('\n'),
  }
}
