/** A software bill of materials without the form of its file. */

/** A licence as a document states it. `isExpression`: the text is a valid SPDX expression; otherwise it is a name. */
export interface SbomLicense {
  readonly text: string
  readonly isExpression: boolean
  /** Whether the author declares the licence, or a reviewer concluded it; absent if the document does not say. */
  readonly stage?: 'declared' | 'concluded' | undefined
  readonly url?: string | undefined
}

/** `algorithm` is CycloneDX's name: `SHA-256`. */
export interface SbomHash {
  readonly algorithm: string
  readonly value: string
}

export interface SbomSupplier {
  readonly name: string
  readonly isPerson: boolean
  readonly email?: string | undefined
  readonly url?: string | undefined
}

/** The SBOM file that lists a package; absent parts are unknown. */
export interface SbomPlace {
  readonly buildpack?: string | undefined
  /** The buildpack's layer; absent for an SBOM of the buildpack itself. */
  readonly layer?: string | undefined
  /** The path in the image. */
  readonly file?: string | undefined
}

export interface SbomPackage {
  readonly name: string
  readonly group?: string | undefined
  readonly version?: string | undefined
  /** CycloneDX's type: `library`. */
  readonly kind: string
  readonly purl?: string | undefined
  readonly cpes: readonly string[]
  readonly licenses: readonly SbomLicense[]
  readonly hashes: readonly SbomHash[]
  readonly supplier?: SbomSupplier | undefined
  readonly author?: string | undefined
  readonly copyright?: string | undefined
  readonly description?: string | undefined
  readonly homepage?: string | undefined
  readonly download?: string | undefined
  readonly places: readonly SbomPlace[]
}

export interface Sbom {
  /** By key (keyOf), in the order of the keys. */
  readonly packages: ReadonlyMap<string, SbomPackage>
  /** Keys of packages, and the keys of those that they need. */
  readonly needs: ReadonlyMap<string, ReadonlySet<string>>
  /** The newest time of the documents, as `2026-01-31T12:00:00Z`. */
  readonly created?: string | undefined
}

/** The image or the file that the packages are part of. */
export interface SbomSubject {
  readonly name: string
  /** An image's digest. */
  readonly version?: string | undefined
  readonly isImage: boolean
}

/** One document. Its packages have the document's own references. */
export interface SbomDocument {
  readonly packages: readonly { readonly ref: string | undefined; readonly package: SbomPackage }[]
  readonly needs: readonly { readonly from: string; readonly to: string }[]
  readonly created?: string | undefined
}

/** The formats of files, in the order of preference. */
export const SBOM_FORMATS = ['cyclonedx-json', 'syft-json', 'spdx-json'] as const
export type SbomFormat = (typeof SBOM_FORMATS)[number]

/** Returns the identity of a package: equal packages of several documents are one. */
export function keyOf({ purl, kind, group = '', name, version = '' }: Pick<SbomPackage, 'purl' | 'kind' | 'group' | 'name' | 'version'>): string {
  return purl ?? JSON.stringify([kind, group, name, version])
}
