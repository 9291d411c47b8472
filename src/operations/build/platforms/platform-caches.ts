/** The caches of a build, separate for each platform. */

import type { BuildPlan, CacheVolumes } from '../../../lifecycle/lifecycle.ts'
import { platformSuffix } from '../../../images/index/image-index.ts'
import { type Platform, platformMatches } from '../../../oci/platform.ts'
import type { CacheChoice } from '../cache-option.ts'

type Caches = Pick<BuildPlan, 'cacheVolumes' | 'cacheDirectory' | 'cacheImage'>

/**
 * Returns the suffix for the caches of a platform. Returns undefined for the engine's platform, which has pack's names.
 * @param wanted the user's platform; undefined for the engine's
 */
export function cacheSuffix(wanted: Platform | undefined, engine: Platform): string | undefined {
  return wanted && (wanted.variant || !platformMatches(wanted, engine)) ? platformSuffix(wanted) : undefined
}

/**
 * Returns the build's caches: those that the user chose, otherwise volumes. The suffix is appended to the names of default volumes, and for
 * a part of an index also to the user's: the parts have the same options.
 */
export function chooseCaches(own: CacheVolumes, { buildVolume, launchVolume, buildDirectory, buildImage }: CacheChoice, suffix: string | undefined, part: boolean): Caches {
  const append = (name: string): string => (suffix === undefined ? name : `${name}.${suffix}`)
  const chosen = part ? append : (name: string): string => name
  const { build, launch, layers, record, state, kaniko, app, inputs } = own
  const natives = { layers: append(layers), record: append(record), state: append(state), kaniko: append(kaniko), app: append(app), inputs: append(inputs) }
  const volumes = { build: append(build), launch: append(launch), ...natives }
  return {
    cacheVolumes: {
      ...volumes,
      ...(buildVolume === undefined ? {} : ofBuildVolume(chosen(buildVolume))),
      ...(launchVolume === undefined ? {} : { launch: chosen(launchVolume) }),
    },
    ...(buildDirectory === undefined ? {} : { cacheDirectory: chosen(buildDirectory) }),
    ...(buildImage === undefined ? {} : { cacheImage: part && suffix !== undefined ? { ...buildImage, tag: `${buildImage.tag}-${suffix}` } : buildImage }),
  }
}

/** The native driver's volumes are part of the build cache, so their names follow it. */
function ofBuildVolume(build: string): Omit<CacheVolumes, 'launch'> {
  return { build, layers: `${build}.layers`, record: `${build}.record`, state: `${build}.state`, kaniko: `${build}.kaniko`, app: `${build}.app`, inputs: `${build}.inputs`, chosen: true }
}
