/** What `cnb builder create` does. */

import { createBuilder } from '../../../operations/create-builder.ts'
import { fields } from '../../../ui/fields.ts'
import { formatDuration } from '../../../ui/quantity.ts'
import { shellWord } from '../../../ui/shell-word.ts'
import type { Handler, Values } from '../../command.ts'
import type { createGroups } from './create.ts'

export const runCreateBuilder: Handler<Values<typeof createGroups>> = async (image, values, { context, services }) => {
  const result = await createBuilder({ image, ...values }, await services(), context)
  return {
    data: result,
    line: result.reference,
    text: (theme) =>
      [
        `${theme.success('Made builder')} ${theme.name(result.image)} in ${formatDuration(result.durationMs)}`,
        ...fields(
          [
            ['Image', result.reference],
            ['Also named', result.tags.length > 0 ? result.tags.join(', ') : undefined],
            ['Lifecycle', result.lifecycleVersion],
            ['Buildpacks', result.buildpacks.map(({ id, version }) => `${id}@${version}`).join(', ')],
          ],
          theme,
        ),
        `${theme.dim('Build with it:')} ${theme.bold(`cnb build my-app --builder ${shellWord(result.image)}`)}`,
      ].join('\n'),
  }
}
