/** Handler of `cnb builder suggest`. */

import { suggestBuilders } from '../../../operations/builder/suggested-builders.ts'
import { formatTable } from '../../../ui/table.ts'
import type { Handler } from '../../command.ts'

export const runSuggestBuilders: Handler<object> = async () => {
  const builders = suggestBuilders()
  return {
    data: { builders },
    line: builders.map(({ image }) => image).join('\n'),
    text: (theme) =>
      [
        ...formatTable(
          [{ title: 'VENDOR' }, { title: 'BUILDER' }, { title: 'BASE' }, { title: 'BUILDPACKS', spare: true }],
          builders.map(({ vendor, image, base, purpose }) => [vendor, image, base, purpose]),
          theme,
        ),
        `${theme.dim('Build with one:')} ${theme.bold('cnb build my-app --builder <builder>')}`,
      ].join('\n'),
  }
}
