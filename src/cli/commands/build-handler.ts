/** What `cnb build` does. */

import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { build, type BuildResult } from '../../operations/build/build.ts'
import type { BuildOptions } from '../../operations/build/build-options.ts'
import { fields } from '../../ui/fields.ts'
import { formatDuration } from '../../ui/quantity.ts'
import type { Theme } from '../../ui/theme.ts'
import type { Handler } from '../command.ts'
import { copyText, startText } from './start-text.ts'

export const runBuild: Handler<Omit<BuildOptions, 'image' | 'verbose'>> = async (image, values, { host, context, verbose, services, remote }) => {
  if (values.path === undefined && (await exists(resolve(host.cwd, image)))) {
    const message = `'${image}' is taken as the name of the image, though there is a file of that name; the app is named by --path`
    context.events?.({ type: 'warning', message })
  }
  const result = await build({ image, ...values, verbose }, { ...(await services()), ...remote }, context)
  return {
    data: result,
    line: result.reference,
    text: (theme) =>
      [
        `${theme.success('Built')} ${theme.name(result.image)} in ${formatDuration(result.durationMs)}`,
        ...fields(
          [
            ['Image', result.reference],
            ['Also named', result.tags.length > 0 ? result.tags.join(', ') : undefined],
            ['Saved to', result.places.length > 1 ? result.places.join(', ') : undefined],
            ['Run image', result.runImage],
            ['Buildpacks', result.buildpacks.map(({ id, version }) => `${id}@${version}`).join(', ')],
          ],
          theme,
        ),
        ...nextStep(result, values.sparse ?? false, theme),
      ].join('\n'),
  }
}

/** How to start the image, or to get it out of a layout that has all of it. */
function nextStep({ image, reference, places, processes }: BuildResult, sparse: boolean, theme: Theme): string[] {
  if (!reference.startsWith('oci:')) return [startText(image, processes, theme)]
  return sparse ? [] : [copyText(places[0] ?? '', image, theme)]
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
