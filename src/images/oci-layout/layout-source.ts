/** Images in OCI layouts: directories of this machine (OCI image-spec, image-layout.md). */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { recordOf, stringOf } from '../../formats/lenient-values.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { digestOf, isDigest, type Digest } from '../../oci/digest.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../oci/media-types.ts'
import type { Platform } from '../../oci/platform.ts'
import type { ImageSource } from '../image.ts'
import { readStoredImage, type ImageContent, type StoredDocument, type StoredImage } from '../stored-image.ts'
import { openBlob, readDocument, readSmallFile } from './layout-files.ts'
import { checkLayoutFile, imagesOf, indexOf, namesOf } from './layout-index.ts'
import { formatLayoutLocation, parseLayoutLocation, type LayoutLocation } from './layout-location.ts'

export interface LayoutImages extends ImageSource {
  /**
   * Finds `oci:DIR[:NAME|@DIGEST]`; without a name, the only image that there is.
   * @throws CnbError CNB_REFERENCE_INVALID where several might be meant, CNB_IMAGE_INVALID, CNB_PLATFORM_MISMATCH, CNB_UNSUPPORTED
   */
  find(reference: string, context?: Context): Promise<StoredImage | undefined>
}

/** @param platform which image of an index is meant */
export function openLayoutImages(platform: Platform): LayoutImages {
  return {
    find: async (text, context) => {
      const { directory, name, digest } = parseLayoutLocation(text)
      const nameStored = (found: Digest) => ({ reference: text, id: `${directory}@${found}`, repoDigests: [] })
      return readStoredImage(layoutContent(directory), digest ?? name ?? '', nameStored, platform, context)
    },
  }
}

/** A layout as a place to read images from, whose names are those in index.json; the empty one means its only image. */
function layoutContent(directory: string): ImageContent {
  return {
    name: formatLayoutLocation({ directory }),
    manifest: (reference) => {
      if (isDigest(reference)) return documentOf(directory, reference)
      return namedDocument({ directory, name: reference === '' ? undefined : reference })
    },
    blob: (descriptor, context) => openBlob(directory, descriptor, context),
  }
}

/** The manifest or index that a name stands for. One name may stand for the images of several platforms without an index of theirs. */
async function namedDocument({ directory, name }: LayoutLocation): Promise<StoredDocument | undefined> {
  const layout = formatLayoutLocation({ directory })
  const index = await readLayoutIndex(directory)
  const images = index ? imagesOf(index, name, layout) : []
  const [image] = images
  if (!index || !image) return undefined
  if (images.length === 1) {
    const document = await documentOf(directory, image.digest, image)
    if (!document) throw new CnbError('CNB_IMAGE_INVALID', `${layout} lists ${image.digest}, which is not there`)
    return document
  }
  if (images.every((each) => each.platform)) return withDescriptor(indexOf(images), OCI_INDEX)
  const names = namesOf(index, layout)
  const digests = images.map(({ digest }) => `@${digest}`)
  throw new CnbError('CNB_REFERENCE_INVALID', `${formatLayoutLocation({ directory, name })} stands for ${images.length} images`, {
    hint: name === undefined && names.length > 0 ? `Name one of them: ${names.join(', ')}.` : `Name one by its digest: ${digests.join(', ')}.`,
  })
}

/** index.json of a layout; undefined when there is nothing at all. @throws CnbError CNB_IMAGE_INVALID when something else is there */
export async function readLayoutIndex(directory: string): Promise<Buffer | undefined> {
  const layout = formatLayoutLocation({ directory })
  const [marker, index] = [await readSmallFile(directory, 'oci-layout'), await readSmallFile(directory, 'index.json')]
  if (!marker && !index) return undefined
  const missing = marker ? 'index.json' : 'oci-layout'
  if (!marker || !index) throw new CnbError('CNB_IMAGE_INVALID', `${layout} is no OCI layout: it lacks ${missing}`)
  checkLayoutFile(marker, layout)
  return index
}

async function documentOf(directory: string, digest: Digest, listed?: Descriptor): Promise<StoredDocument | undefined> {
  const content = await readDocument(directory, digest)
  const name = formatLayoutLocation({ directory, digest })
  return content && withDescriptor(content, typeOf(content, stringOf(listed?.mediaType), name))
}

function withDescriptor(content: Buffer, mediaType: string): StoredDocument {
  return { descriptor: { mediaType, digest: digestOf(content), size: content.length }, content }
}

/**
 * What a document is: by its own word, by that of the index that lists it, or by what is in it. Two answers would let one image be
 * another for the next reader (CVE-2021-41190).
 */
function typeOf(content: Buffer, listed: string | undefined, name: string): string {
  const { mediaType, manifests, layers } = parse(content)
  const own = stringOf(mediaType)
  if ((manifests !== undefined && layers !== undefined) || (own !== undefined && listed !== undefined && own !== listed)) {
    throw new CnbError('CNB_IMAGE_INVALID', `${name} cannot be read: it is a manifest for some and an index for others`)
  }
  return own ?? listed ?? (manifests === undefined ? OCI_MANIFEST : OCI_INDEX)
}

function parse(content: Buffer): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(content.toString()))
  } catch {
    // Whoever reads it as a manifest is told what is wrong with it.
    return {}
  }
}
