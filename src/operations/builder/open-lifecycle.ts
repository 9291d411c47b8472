/** Reads a builder's lifecycle from its location: a file, a download or an image. */

import { resolve } from 'node:path'
import type { Context } from '../../base/events.ts'
import { defaultLifecycle, formatLocation, releaseUrl, type LifecycleLocation } from '../../builder/lifecycle/lifecycle-location.ts'
import { readLifecycleImage } from '../../builder/lifecycle/lifecycle-image.ts'
import { readLifecycle, readLifecycleTree, type LifecycleSource } from '../../builder/lifecycle-source.ts'
import { openFileTree } from '../../buildpacks/file-tree.ts'
import { pathOfUri } from '../../buildpacks/locator.ts'
import type { PullPolicy } from '../../images/find/find-image.ts'
import type { Image } from '../../images/image.ts'
import type { Platform } from '../../oci/platform.ts'
import type { DownloadSession } from '../downloads.ts'

export interface LifecycleServices {
  /** The directory of builder.toml. */
  readonly base: string
  /** The platform of the builder. */
  readonly platform: Platform
  readonly policy: PullPolicy
  readonly downloads: DownloadSession
  /** Finds an image by the pull policy, with layers that can be opened. */
  readonly findImage: (reference: string) => Promise<Image>
}

/** The settings that name a lifecycle, in this order of precedence. */
export interface LifecycleSettings {
  /** The image of --lifecycle-image. */
  readonly option?: string | undefined
  /** `[lifecycle]` of builder.toml. */
  readonly file?: LifecycleLocation | undefined
  /** The image of the configuration file. */
  readonly configured?: string | undefined
}

/** Returns the location to use, and where it is set, for the decision. */
export function chooseLifecycle({ option, file, configured }: LifecycleSettings, fileName: string): { location: LifecycleLocation; why: string } {
  if (option) return { location: { type: 'image', reference: option }, why: '--lifecycle-image names it' }
  if (file) return { location: file, why: `'${formatLocation(file)}' in ${fileName} contains it` }
  if (configured) return { location: { type: 'image', reference: configured }, why: 'the configuration file names its image' }
  return { location: defaultLifecycle(), why: 'it is the default' }
}

/**
 * Reads the lifecycle at a location. A release has its version in the address, so its copy in the cache is used with every policy.
 * @throws CnbError CNB_LIFECYCLE_INVALID, CNB_DOWNLOAD_FAILED, CNB_PLATFORM_MISMATCH, errors of `findImage`
 */
export async function openLifecycle(location: LifecycleLocation, services: LifecycleServices, context: Context): Promise<LifecycleSource> {
  const { base, platform, policy, downloads } = services
  switch (location.type) {
    case 'path':
      return readLifecycle(resolve(base, pathOfUri(location.uri)), context)
    case 'image':
      return readLifecycleImage(await services.findImage(location.reference), context)
    case 'url':
      return readArchive((await downloads.download(location.url, policy, context)).path, location.url, context)
    case 'version': {
      const url = releaseUrl(location.version, platform)
      return readArchive((await downloads.download(url, policy === 'never' ? 'never' : 'if-not-present', context)).path, url, context)
    }
  }
}

/** @param url the name for messages; its query may contain a token */
async function readArchive(path: string, url: string, context: Context): Promise<LifecycleSource> {
  const { origin, pathname } = new URL(url)
  const tree = await openFileTree(path, { invalid: 'CNB_LIFECYCLE_INVALID', missing: 'CNB_LIFECYCLE_INVALID' })
  return readLifecycleTree({ ...tree, path: origin + pathname }, context)
}
