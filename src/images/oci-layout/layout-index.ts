/** Reads and edits a layout's index.json (OCI image-spec, image-layout.md "index.json file"). */

import { isTable, recordOf, stringOf } from '../../formats/lenient-values.ts'
import { CnbError } from '../../base/errors.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { readIndex } from '../../oci/manifest.ts'
import { OCI_INDEX } from '../../oci/media-types.ts'

/** The annotation with an image's name, on its descriptor in index.json. */
const REF_NAME = 'org.opencontainers.image.ref.name'

/** A layout without images. */
export const EMPTY_INDEX = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] }))

/** Returns the images with `name`, or all without a name; each once. @param layout the layout's name for errors */
export function imagesOf(index: Buffer, name: string | undefined, layout: string): Descriptor[] {
  const all = readIndex(index, layout)
  const found = name === undefined ? all : all.filter(({ annotations }) => annotations?.[REF_NAME] === name)
  return [...new Map(found.map((descriptor) => [descriptor.digest, descriptor])).values()]
}

/** Returns the names of all images, for messages. */
export function namesOf(index: Buffer, layout: string): string[] {
  return [...new Set(readIndex(index, layout).flatMap(({ annotations }) => annotations?.[REF_NAME] ?? []))]
}

/**
 * Returns the index with `image` under `names`, which it replaces. Without names, the image is added once, without a name. All other
 * content of the index, and other images, are unchanged.
 * @throws CnbError CNB_IMAGE_INVALID for an invalid index
 */
export function withImage(index: Buffer, image: Descriptor, names: readonly string[], layout: string): Buffer {
  readIndex(index, layout)
  const document = recordOf(JSON.parse(index.toString()))
  const entries = (document.manifests as unknown[]).filter(isTable)
  const others = entries.filter(({ digest, annotations }) => {
    const name = stringOf(recordOf(annotations)[REF_NAME])
    return name === undefined ? names.length > 0 || digest !== image.digest : !names.includes(name)
  })
  const { mediaType, digest, size, platform } = image
  const entry = { mediaType, digest, size, ...(platform ? { platform } : {}) }
  const added = names.length === 0 ? [entry] : names.map((name) => ({ ...entry, annotations: { [REF_NAME]: name } }))
  const manifests = [...others, ...added]
  const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, ...document, manifests }))
  readIndex(content, layout)
  return content
}

/** Returns an index with only these images. */
export function indexOf(images: readonly Descriptor[]): Buffer {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: images }))
}

/**
 * Checks the file `oci-layout`.
 * @throws CnbError CNB_IMAGE_INVALID for an invalid file, CNB_UNSUPPORTED for a version other than 1
 */
export function checkLayoutFile(content: Buffer, layout: string): void {
  const version = versionIn(content)
  if (version === undefined) throw new CnbError('CNB_IMAGE_INVALID', `${layout} is not an OCI layout: its file oci-layout has no version`)
  if (/^1\./.test(version)) return
  throw new CnbError('CNB_UNSUPPORTED', `${layout} has version ${version} of the OCI layout, which cnb does not support`)
}

function versionIn(content: Buffer): string | undefined {
  try {
    return stringOf(recordOf(JSON.parse(content.toString())).imageLayoutVersion)
  } catch {
    return undefined
  }
}
