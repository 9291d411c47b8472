/** How users name a layout, and an image in it: `oci:DIR`, `oci:DIR:NAME`, `oci:DIR@sha256:…`; skopeo's words. */

import { CnbError } from '../../base/errors.ts'
import { isDigest, type Digest } from '../../oci/digest.ts'

export interface LayoutLocation {
  readonly directory: string
  /** What the image is called in the layout, mostly a tag. */
  readonly name?: string
  readonly digest?: Digest
}

const SCHEME = 'oci:'
/** As the annotation `org.opencontainers.image.ref.name` may be (OCI image-spec, annotations.md). */
const COMPONENT = '[A-Za-z0-9]+(?:(?:--|[-._:@+])[A-Za-z0-9]+)*'
const NAME = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`)
const MAX_NAME = 512

/** Whether a text that a user typed for an image means a layout. */
export function isLayoutLocation(text: string): boolean {
  return text.startsWith(SCHEME)
}

/**
 * Reads `oci:DIR[:NAME|@DIGEST]`. The directory ends at the first colon, as skopeo has it.
 * @throws CnbError CNB_REFERENCE_INVALID
 */
export function parseLayoutLocation(text: string): LayoutLocation {
  const fail = (why: string): never => {
    throw new CnbError('CNB_REFERENCE_INVALID', `'${text}' names no image in an OCI layout: ${why}`, {
      hint: "Use oci:DIR, oci:DIR:TAG or oci:DIR@sha256:…, for example 'oci:./out:1.0'.",
    })
  }
  if (!isLayoutLocation(text)) fail(`it does not begin with '${SCHEME}'`)
  const place = text.slice(SCHEME.length)
  const at = place.lastIndexOf('@sha256:')
  const digest = at < 0 ? undefined : place.slice(at + 1)
  if (digest !== undefined && !isDigest(digest)) fail("the digest is not 'sha256:' and 64 hexadecimal digits")
  const rest = at < 0 ? place : place.slice(0, at)
  const colon = rest.indexOf(':')
  const directory = colon < 0 ? rest : rest.slice(0, colon)
  const name = colon < 0 ? undefined : rest.slice(colon + 1)
  if (directory === '') fail('the directory is missing')
  if (directory.includes('\0')) fail('the directory has a zero byte')
  if (name !== undefined && (name.length > MAX_NAME || !NAME.test(name))) fail(`'${name}' is not a name that a layout may have`)
  if (name !== undefined && digest !== undefined) fail('it has both a name and a digest')
  return { directory, name, digest: digest !== undefined && isDigest(digest) ? digest : undefined }
}

/** The text that parseLayoutLocation reads. */
export function formatLayoutLocation({ directory, name, digest }: LayoutLocation): string {
  return `${SCHEME}${directory}${name === undefined ? '' : `:${name}`}${digest === undefined ? '' : `@${digest}`}`
}
