/** Reads a builder's lifecycle from its location: a file, a download or an image. */

import { resolve } from 'node:path'
import type { Context } from '../../base/events.ts'
import { VERSION } from '../../base/version.ts'
import { defaultLifecycle, formatLocation, releaseUrl, type LifecycleLocation } from '../../builder/lifecycle/lifecycle-location.ts'
import { readLifecycleImage } from '../../builder/lifecycle/lifecycle-image.ts'
import { readLifecycleTree, type LifecycleSource, type LifecycleSurvey } from '../../builder/lifecycle-source.ts'
import { openFileTree } from '../../buildpacks/file-tree.ts'
import { pathOfUri } from '../../buildpacks/locator.ts'
import { shownAddress } from '../../formats/shown-address.ts'
import type { PullPolicy } from '../../images/find/find-image.ts'
import type { Image } from '../../images/image.ts'
import { isDigest, type Digest } from '../../oci/digest.ts'
import type { Platform } from '../../oci/platform.ts'
import { digestOfFile, type ContentCache } from '../../registry/download/content-cache.ts'
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
    case 'path': {
      const path = resolve(base, pathOfUri(location.uri))
      return readArchive({ path, name: path }, downloads.cache, context)
    }
    case 'image':
      return readLifecycleImage(await services.findImage(location.reference), context)
    case 'url':
      return readDownload(location.url, policy, downloads, context)
    case 'version': {
      return readDownload(releaseUrl(location.version, platform), policy === 'never' ? 'never' : 'if-not-present', downloads, context)
    }
  }
}

/** @param url may contain a token in its query, which messages do not show */
function readDownload(url: string, policy: PullPolicy, downloads: DownloadSession, context: Context): Promise<LifecycleSource> {
  return downloads.read(url, policy, context, (file) => readArchive({ ...file, name: shownAddress(url) }, downloads.cache, context))
}

/**
 * Reads a directory or an archive. Reading an archive twice takes longer than all else when nothing changed, so the cache keeps its
 * survey, by the archive's digest. The layer's digest is verified whenever the layer is read.
 */
async function readArchive(file: { path: string; name: string; digest?: Digest }, cache: ContentCache, context: Context): Promise<LifecycleSource> {
  const tree = await openFileTree(file.path, { invalid: 'CNB_LIFECYCLE_INVALID', missing: 'CNB_LIFECYCLE_INVALID' }, file.name)
  const digest = tree.isDirectory ? undefined : (file.digest ?? (await digestOfFile(file.path, context)))
  if (digest === undefined) return readLifecycleTree(tree, context)
  // Another version of cnb may make another layer.
  const key = `${VERSION} ${digest}`
  return readLifecycleTree(tree, context, undefined, async (survey) => {
    const known = knownSurvey(await cache.fact('lifecycle', key))
    if (known) return known
    const found = await survey()
    await cache.setFact('lifecycle', key, found)
    return found
  })
}

function knownSurvey(fact: unknown): LifecycleSurvey | undefined {
  const { toml, directory, diffId, size } = (fact ?? {}) as Partial<LifecycleSurvey>
  if (typeof toml !== 'string' || typeof directory !== 'string' || !isDigest(diffId ?? '') || !Number.isSafeInteger(size)) return undefined
  return { toml, directory, diffId: diffId!, size: size! }
}
