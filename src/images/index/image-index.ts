/** Image indexes: images of several platforms under one name (OCI image-spec, image-index.md). */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { stringOf, stringsOf } from '../../formats/lenient-values.ts'
import type { ImageConfig } from '../../oci/config.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { OCI_MANIFEST } from '../../oci/media-types.ts'
import { formatPlatform, type Platform } from '../../oci/platform.ts'
import { isTag, type Tag } from '../../oci/reference.ts'
import type { ImagePlan, ImageSink, SavedImage } from '../image.ts'

/** An index to save. Its images are already in the same repositories or layout. */
export interface IndexPlan {
  /** The images' manifests with their platforms, in the order of the index. */
  readonly images: readonly Descriptor[]
  readonly tags: readonly Tag[]
  readonly annotations?: Readonly<Record<string, string>> | undefined
  /** Default: OCI's. */
  readonly mediaType?: string
}

/** A destination of indexes. An index is saved only if all its images exist. */
export interface IndexSink {
  save(plan: IndexPlan, context?: Context): Promise<SavedImage>
}

/**
 * Saves an image for an index, and returns its entry. Without a suffix, the image gets no name.
 * @param plan with the names of the index
 * @param suffix appended to the tags of the names, which then name the image
 * @throws CnbError errors of the sink; CNB_IMAGE_INVALID if it stores no manifests
 */
export async function saveIndexPart(sink: ImageSink, plan: ImagePlan, suffix: string | undefined, context: Context = {}): Promise<Descriptor> {
  const named = suffix === undefined ? { part: true } : { tags: plan.tags.map((tag) => withSuffix(tag, suffix)) }
  return indexEntry(await sink.save({ ...plan, ...named }, context), plan.config)
}

/**
 * Returns the entry of a saved image: its manifest, and the platform in its configuration, with the fields that pack writes.
 * @throws CnbError CNB_IMAGE_INVALID if it has no manifest
 */
export function indexEntry({ manifest }: Pick<SavedImage, 'manifest'>, config: ImageConfig): Descriptor {
  if (!manifest) throw new CnbError('CNB_IMAGE_INVALID', 'cannot add an image without a manifest to an index')
  const { digest, size } = manifest
  const { os, architecture, variant } = config
  const platform: Platform = { os, architecture, variant, osVersion: stringOf(config['os.version']), osFeatures: stringsOf(config['os.features']) }
  return { mediaType: OCI_MANIFEST, digest, size, platform }
}

/** Returns the suffix for the tags of a platform's image: `linux-arm-v7`, as pack's --append-image-name-suffix. */
export function platformSuffix(platform: Platform): string {
  return formatPlatform(platform).replaceAll('/', '-')
}

/** Appends the suffix to the tag; the tag `latest` becomes the suffix (pack's internal/name/name.go). @throws CnbError CNB_REFERENCE_INVALID */
function withSuffix(tag: Tag, suffix: string): Tag {
  const text = tag.tag === 'latest' ? suffix : `${tag.tag}-${suffix}`
  if (!isTag(text)) throw new CnbError('CNB_REFERENCE_INVALID', `cannot append the platform to the tag '${tag.tag}': '${text}' is not a tag`)
  return { ...tag, tag: text }
}
