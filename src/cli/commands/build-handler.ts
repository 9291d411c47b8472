/** What `cnb build` does. */

import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { build } from '../../operations/build.ts'
import { fields } from '../../ui/fields.ts'
import { formatDuration } from '../../ui/quantity.ts'
import { shellWord } from '../../ui/shell-word.ts'
import type { Handler, Values } from '../command.ts'
import type { buildGroups } from './build.ts'
import { startText } from './start-text.ts'

export const runBuild: Handler<Values<typeof buildGroups>> = async (image, values, { host, context, verbose, services, remote }) => {
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
        result.reference.startsWith('oci:')
          ? `${theme.dim('Copy it:')} ${theme.bold(`skopeo copy ${shellWord(layoutOf(result.reference))} ${shellWord(`docker-daemon:${result.image}`)}`)}`
          : startText(result.image, result.processes, theme),
      ].join('\n'),
  }
}

/** skopeo takes no digest after a directory. */
function layoutOf(reference: string): string {
  return reference.slice(0, reference.indexOf('@'))
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
