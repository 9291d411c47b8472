/** The changes that a build made to the image of each platform, for its summary. */

import type { BuildOptions } from '../../../operations/build/build-options.ts'
import type { BuildResult } from '../../../operations/build/build-result.ts'
import { type BuiltName, readChanges, readReplaced } from '../../../operations/diff/changes-of-build.ts'
import type { CommandContext } from '../../command.ts'
import type { PlatformChanges } from './build-markdown.ts'

/**
 * Reads the images that a build will replace.
 * @param place the first place that the build saves to
 * @returns the function that compares the new images with them
 */
export async function openChanges(image: string, place: string, { platforms = [], insecureRegistries, registryMirrors, caCerts }: Partial<BuildOptions>, session: CommandContext) {
  const { context } = session
  const settings = { insecureRegistries, registryMirrors, caCerts }
  const wanted = platforms.length > 1 ? [...new Set(platforms)] : [undefined]
  const names = wanted.map((platform): BuiltName => ({ place, image, platform }))
  const replaced = await Promise.all(names.map((name) => readReplaced(name, settings, session, context)))
  return (result: BuildResult): Promise<PlatformChanges[]> =>
    Promise.all(names.map(async (name, index) => {
      const { id, reference } = result.images?.find(({ platform }) => platform === name.platform) ?? result
      return { platform: name.platform, changes: await readChanges(name, place === 'engine' ? id : reference, replaced[index], settings, session, context) }
    }))
}
