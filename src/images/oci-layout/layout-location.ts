/** The location of an image in a layout: `oci:DIR`, `oci:DIR:NAME`, `oci:DIR@sha256:…` (as in skopeo). */

import { CnbError } from '../../base/errors.ts'
import { isDigest, type Digest } from '../../oci/digest.ts'

export interface LayoutLocation {
  readonly directory: string
  /** The image's name in the layout, usually a tag. */
  readonly name?: string
  readonly digest?: Digest
}

const SCHEME = 'oci:'
/** The syntax of the annotation `org.opencontainers.image.ref.name` (OCI image-spec, annotations.md). */
const COMPONENT = '[A-Za-z0-9]+(?:(?:--|[-._:@+])[A-Za-z0-9]+)*'
const NAME = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`)
const MAX_NAME = 512

/** Whether the text for an image is the location of a layout. */
export function isLayoutLocation(text: string): boolean {
  return text.startsWith(SCHEME)
}

/**
 * Parses `oci:DIR[:NAME|@DIGEST]`. The directory ends at the first colon, as in skopeo.
 * @throws CnbError CNB_REFERENCE_INVALID
 */
export function parseLayoutLocation(text: string): LayoutLocation {
  const fail = (why: string): never => {
    throw new CnbError('CNB_REFERENCE_INVALID', `'${text}' is not an image in an OCI layout: ${why}`, {
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
  if (directory.includes('\0')) fail('the directory contains a NUL character')
  if (name !== undefined && (name.length > MAX_NAME || !NAME.test(name))) fail(`'${name}' is not a valid name in a layout`)
  if (name !== undefined && digest !== undefined) fail('it has both a name and a digest')
  return { directory, name, digest: digest !== undefined && isDigest(digest) ? digest : undefined }
}

/** Returns the text that parseLayoutLocation parses. */
export function formatLayoutLocation({ directory, name, digest }: LayoutLocation): string {
  return `${SCHEME}${directory}${name === undefined ? '' : `:${name}`}${digest === undefined ? '' : `@${digest}`}`
}
