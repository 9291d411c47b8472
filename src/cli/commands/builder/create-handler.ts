/** Handler of `cnb builder create`. */

import { CnbError } from '../../../base/errors.ts'
import { createBuilder, type CreateBuilderOptions } from '../../../operations/builder/create-builder.ts'
import { fields } from '../../../ui/fields.ts'
import { formatDuration } from '../../../ui/quantity.ts'
import { shellWord } from '../../../ui/shell-word.ts'
import type { Handler } from '../../command.ts'

/** A value of pack's `-t`, which is --target: a platform, not an image name. */
const PLATFORM = /^(?:linux|windows)\/(?:386|amd64|arm|arm64|ppc64le|riscv64|s390x)(?:[/:;]|$)/

export const runCreateBuilder: Handler<Omit<CreateBuilderOptions, 'image'>> = async (image, values, { context, services, remote }) => {
  const target = values.tags?.find((tag) => PLATFORM.test(tag))
  if (target !== undefined) {
    throw new CnbError('CNB_USAGE', `--tag '${target}' is a platform, not an image name`, { hint: "Omit it: a builder always targets the engine's platform." })
  }
  const result = await createBuilder({ image, ...values }, { ...(await services()), ...remote }, context)
  return {
    data: result,
    line: result.reference,
    text: (theme) =>
      [
        `${theme.success('Created builder')} ${theme.name(result.image)} in ${formatDuration(result.durationMs)}`,
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
