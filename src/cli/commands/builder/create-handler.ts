/** Handler of `cnb builder create`. */

import { createBuilder, type CreateBuilderOptions } from '../../../operations/builder/create-builder.ts'
import { formatFields } from '../../../ui/fields.ts'
import { formatDuration } from '../../../ui/quantity.ts'
import { shellWord } from '../../../ui/shell-word.ts'
import type { Handler } from '../../command.ts'

export const runCreateBuilder: Handler<Omit<CreateBuilderOptions, 'image'>> = async (image, values, { context, services, remote }) => {
  const result = await createBuilder({ image, ...values }, { services, remote }, context)
  return {
    data: result,
    line: result.reference,
    text: (theme) =>
      [
        `${theme.success('Created builder')} ${theme.name(result.image)} in ${formatDuration(result.durationMs)}`,
        ...formatFields(
          [
            ['Image', result.reference],
            ['Also named', result.tags.length > 0 ? result.tags.join(', ') : undefined],
            ['Saved to', result.places.length > 1 ? result.places.join(', ') : undefined],
            ['Platforms', result.platforms?.map(({ platform }) => platform).join(', ')],
            ['Lifecycle', result.lifecycleVersion],
            ['Buildpacks', result.buildpacks.map(({ id, version }) => `${id}@${version}`).join(', ')],
          ],
          theme,
        ),
        `${theme.dim('Build with it:')} ${theme.bold(`cnb build my-app --builder ${shellWord(result.image)}`)}`,
      ].join('\n'),
  }
}
