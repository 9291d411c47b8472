/** Reads images from OCI layouts in local directories and archives (OCI image-spec, image-layout.md). */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { recordOf, stringOf } from '../../formats/lenient-values.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { digestOf, isDigest, type Digest } from '../../oci/digest.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../oci/media-types.ts'
import type { Platform } from '../../oci/platform.ts'
import type { ImageSource } from '../image.ts'
import { readStoredImage, type ImageContent, type NameStored, type StoredDocument, type StoredImage } from '../stored-image.ts'
import { blobPath, directoryFiles, type LayoutFiles } from './layout-files.ts'
import { checkLayoutFile, imagesOf, indexOf, namesOf } from './layout-index.ts'
import { parseLayoutLocation, type LayoutLocation } from './layout-location.ts'

export interface LayoutImages extends ImageSource {
  /**
   * Finds `oci:DIR[:NAME|@DIGEST]`; without a name, the layout's only image.
   * @throws CnbError CNB_REFERENCE_INVALID for an ambiguous location, CNB_IMAGE_INVALID, CNB_PLATFORM_MISMATCH, CNB_UNSUPPORTED
   */
  find(reference: string, context?: Context): Promise<StoredImage | undefined>
}

/** Returns the images of layouts. @param platform selects the image of an index */
export function openLayoutImages(platform: Platform): LayoutImages {
  return {
    async find(text, context) {
      const location = parseLayoutLocation(text)
      const nameStored: NameStored = (found) => ({ reference: text, id: `${location.directory}@${found}`, repoDigests: [] })
      return findInLayout(location, nameStored, platform, context)
    },
  }
}

/** Finds one image. @throws CnbError as `find` of LayoutImages */
export async function findInLayout({ directory, name, digest }: LayoutLocation, nameStored: NameStored, platform: Platform, context?: Context): Promise<StoredImage | undefined> {
  return readStoredImage(layoutContent(directoryFiles(directory)), digest ?? name ?? '', nameStored, platform, context)
}

/** Returns a layout's content. References are the names in index.json; the empty reference is the only image. */
export function layoutContent(files: LayoutFiles): ImageContent {
  return {
    name: files.name,
    manifest: (reference) => {
      if (isDigest(reference)) return documentOf(files, reference)
      return namedDocument(files, reference === '' ? undefined : reference)
    },
    blob: (descriptor, context) => files.blob(descriptor, context),
  }
}

/** Reads the manifest or index with the name. If the name has images of several platforms, returns an index of them. */
async function namedDocument(files: LayoutFiles, name: string | undefined): Promise<StoredDocument | undefined> {
  const index = await readLayoutIndex(files)
  const images = index ? imagesOf(index, name, files.name) : []
  const [image] = images
  if (!index || !image) return undefined
  if (images.length === 1) {
    const document = await documentOf(files, image.digest, image)
    if (!document) throw new CnbError('CNB_IMAGE_INVALID', `${files.name} lists ${image.digest}, which does not exist`)
    return document
  }
  if (images.every((each) => each.platform)) return withDescriptor(indexOf(images), OCI_INDEX)
  const names = namesOf(index, files.name)
  const digests = images.map(({ digest }) => `@${digest}`)
  throw new CnbError('CNB_REFERENCE_INVALID', `${name === undefined ? files.name : `${files.name}:${name}`} matches ${images.length} images`, {
    hint: name === undefined && names.length > 0 ? `Add one of the names: ${names.join(', ')}.` : `Add one of the digests: ${digests.join(', ')}.`,
  })
}

/** Reads a layout's index.json. Returns undefined if there is no layout. @throws CnbError CNB_IMAGE_INVALID for an invalid layout */
export async function readLayoutIndex(files: LayoutFiles): Promise<Buffer | undefined> {
  const [marker, index] = [await files.small('oci-layout'), await files.small('index.json')]
  if (!marker && !index) return undefined
  const missing = marker ? 'index.json' : 'oci-layout'
  if (!marker || !index) throw new CnbError('CNB_IMAGE_INVALID', `${files.name} is not an OCI layout: it lacks ${missing}`)
  checkLayoutFile(marker, files.name)
  return index
}

async function documentOf(files: LayoutFiles, digest: Digest, listed?: Descriptor): Promise<StoredDocument | undefined> {
  const content = await files.small(blobPath(digest))
  if (!content) return undefined
  const name = `${files.name}@${digest}`
  if (digestOf(content) !== digest) throw new CnbError('CNB_IMAGE_INVALID', `cannot read ${name}: the blob contains ${digestOf(content)}`)
  return withDescriptor(content, typeOf(content, stringOf(listed?.mediaType), name))
}

function withDescriptor(content: Buffer, mediaType: string): StoredDocument {
  return { descriptor: { mediaType, digest: digestOf(content), size: content.length }, content }
}

/**
 * Returns a document's media type: its own field, that of the index that lists it, or one by its content. A contradiction is an error:
 * readers could see different images (CVE-2021-41190).
 */
function typeOf(content: Buffer, listed: string | undefined, name: string): string {
  const { mediaType, manifests, layers } = parse(content)
  const own = stringOf(mediaType)
  if ((manifests !== undefined && layers !== undefined) || (own !== undefined && listed !== undefined && own !== listed)) {
    throw new CnbError('CNB_IMAGE_INVALID', `cannot read ${name}: it is both a manifest and an index`)
  }
  return own ?? listed ?? (manifests === undefined ? OCI_MANIFEST : OCI_INDEX)
}

function parse(content: Buffer): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(content.toString()))
  } catch {
    // Reading the manifest reports the error.
    return {}
  }
}
