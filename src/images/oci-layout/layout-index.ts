/** A layout's index.json: which of its images are called what (OCI image-spec, image-layout.md "index.json file"). Pure. */

import { isTable, recordOf, stringOf } from '../../formats/lenient-values.ts'
import { CnbError } from '../../base/errors.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { readIndex } from '../../oci/manifest.ts'
import { OCI_INDEX } from '../../oci/media-types.ts'

/** What an image is called, on its descriptor in index.json. */
const REF_NAME = 'org.opencontainers.image.ref.name'

/** A layout without images. */
export const EMPTY_INDEX = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] }))

/** The images that are called `name`, or all of them without one; each once. @param layout what an error calls the layout */
export function imagesOf(index: Buffer, name: string | undefined, layout: string): Descriptor[] {
  const all = readIndex(index, layout)
  const found = name === undefined ? all : all.filter(({ annotations }) => annotations?.[REF_NAME] === name)
  return [...new Map(found.map((descriptor) => [descriptor.digest, descriptor])).values()]
}

/** The names that images have, for messages. */
export function namesOf(index: Buffer, layout: string): string[] {
  return [...new Set(readIndex(index, layout).flatMap(({ annotations }) => annotations?.[REF_NAME] ?? []))]
}

/**
 * The index with `image` under `names`, which it takes from whatever had them; without names beside all others, once. All else
 * that the index says, and everything that it says of other images, stays.
 * @throws CnbError CNB_IMAGE_INVALID when it is no index
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

/** An index of these images alone. */
export function indexOf(images: readonly Descriptor[]): Buffer {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: images }))
}

/** @throws CnbError CNB_IMAGE_INVALID for what is no `oci-layout` file, CNB_UNSUPPORTED for one of another version than 1 */
export function checkLayoutFile(content: Buffer, layout: string): void {
  const version = versionIn(content)
  if (version === undefined) throw new CnbError('CNB_IMAGE_INVALID', `${layout} is no OCI layout: its file oci-layout says no version`)
  if (/^1\./.test(version)) return
  throw new CnbError('CNB_UNSUPPORTED', `${layout} is an OCI layout of version ${version}, of which cnb knows nothing`)
}

function versionIn(content: Buffer): string | undefined {
  try {
    return stringOf(recordOf(JSON.parse(content.toString())).imageLayoutVersion)
  } catch {
    return undefined
  }
}
