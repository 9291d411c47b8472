/** What the native driver's parts hand to each other: plain data, so that each part can be read and tested alone. */

import type { TarHeader } from '../../archive/tar/tar-header.ts'
import type { TarReadEntry } from '../../archive/tar/tar-reader.ts'
import type { TarEntry } from '../../archive/tar/tar-writer.ts'
import type { Context } from '../../base/events.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Image } from '../../images/image.ts'
import type { LifecycleMetadata } from '../../images/labels/lifecycle-metadata.ts'

/** A buildpack or an extension that detection chose (platform.md "group.toml"). */
export interface GroupElement {
  readonly id: string
  readonly version: string
  readonly api: string
  readonly homepage?: string
  readonly optional?: boolean
}

export interface Group {
  readonly buildpacks: readonly GroupElement[]
  readonly extensions: readonly GroupElement[]
}

/** The image that this build takes the place of, and what its label says; the label is undefined where it says nothing usable. */
export interface PreviousImage {
  readonly image: Image
  readonly metadata: LifecycleMetadata | undefined
}

/** What a layer is for (buildpack.md "Layer Types"). */
export interface LayerTypes {
  readonly build: boolean
  readonly launch: boolean
  readonly cache: boolean
}

/** One layer as its buildpack left it: `<layer>.toml`, and whether there is a directory. */
export interface BuiltLayer extends LayerTypes {
  readonly name: string
  /** `[metadata]` of the layer's file; undefined where it has none. */
  readonly data: unknown
  readonly hasContents: boolean
  /** Why the layer's file cannot be read; such a layer fails the export. */
  readonly malformed?: string
}

/** A buildpack's directory after the build; layers in the byte order of their names. */
export interface BuiltBuildpack {
  readonly buildpack: GroupElement
  /** `[metadata]` of store.toml; undefined without the file. */
  readonly store: unknown
  readonly layers: readonly BuiltLayer[]
}

/** A file, directory or link of the finished build; `content` only for files that were read into memory. */
export interface LayerTreeEntry extends TarHeader {
  readonly content?: Buffer
}

/**
 * `/layers` after the build without what is inside the layers' own directories. Keys are paths relative to `/layers`:
 * `''` is itself, `node` a buildpack's directory, `node/dist.toml`, `node/dist` (a layer's directory), `config/metadata.toml`,
 * `sbom/launch/node/sbom.cdx.json`.
 */
export type LayersTree = ReadonlyMap<string, LayerTreeEntry>

/** Reads files out of the build's container (or of an image's). */
export interface BuildFiles {
  /**
   * `path` itself and all below it, depth first, each directory's names in byte order; names are absolute. Hard links come as
   * links to the first of their names. Undefined when there is no such path. Each entry's content must be read before the next.
   */
  read(path: string, context: Context): Promise<AsyncIterable<TarReadEntry> | undefined>
}

/** What the last build left of one cached layer: as the stock cache's metadata says it, and how its directory looks. */
export interface CachedLayer extends LayerTypes {
  readonly sha: Digest
  readonly data: unknown
  /** The directory's fingerprint in the `layers` volume (session script); empty where none could be taken. */
  readonly fingerprint: string
}

/** Where code of a build comes from (cache/code-sources.ts). */
export interface CodeSource {
  /** What messages call it. */
  readonly name: string
  /** The builder's repository, or the path of a buildpack from outside of the builder. */
  readonly place: Digest
  /** The builder image's ID, or the diffID of the buildpack's layer. */
  readonly content: string
}

/**
 * What the native driver knows of the `layers` volume and of the app's image; kept in the `state` volume, out of the reach of
 * buildpacks.
 */
export interface CacheRecord {
  readonly version: 2
  /** All whose code could write what is in the volume, and in the image. */
  readonly sources: readonly CodeSource[]
  /** The build user, whose files they are. */
  readonly uid: number
  readonly gid: number
  /** By buildpack id, then by layer name: every layer with `cache = true`, and launch layers that are still on the disk. */
  readonly buildpacks: readonly { readonly id: string; readonly version: string; readonly layers: Readonly<Record<string, CachedLayer>> }[]
  /** The SBOM layers of that build: diffIDs, and files as paths relative to `/layers/sbom/<kind>`, contents in base64. */
  readonly sbom: {
    readonly launch?: { readonly sha: Digest; readonly files: Readonly<Record<string, string>> }
    readonly cache?: { readonly sha: Digest; readonly files: Readonly<Record<string, string>> }
  }
  readonly launcher?: KnownLauncher
}

/** What a build finds of those before it. */
export interface KeptLayers {
  readonly record?: CacheRecord
  /** Whether code that is no part of this build made the image that has the app's name: none of its layers is taken over then. */
  readonly external?: boolean
  /** Where the record's layers are, none of which has a fingerprint then, if they are not in the `layers` volume. */
  readonly contents?: LayerContents
}

/** Cached layers that have to be brought into the build's container. */
export interface LayerContents {
  /**
   * One of the record's layers, for an upload at `/`: names start with `layers/<escaped id>/<layer>`.
   * @throws CnbError CNB_RESTORE_FAILED at the end if it is no longer the layer that was checked
   */
  entries(buildpackId: string, layer: string, context: Context): AsyncIterable<TarEntry>
}

/** The launcher's layer as one builder image gave it, so that its megabytes need not be read in each build. */
export interface KnownLauncher {
  /** The builder image's ID. */
  readonly builder: string
  readonly diffId: Digest
  /** Bytes of the layer's tar. */
  readonly size: number
  /** What the builder's lifecycle prints as its version; empty where nobody asked. */
  readonly version: string
}

/** What one buildpack finds in `/layers` when it is in the group again. */
export interface RestoredBuildpack {
  /** Files for the upload, names starting with `layers/<escaped id>`, the build user's: store.toml, layers' files, SBOMs. */
  readonly entries: readonly TarEntry[]
  /** Layer directories that stay in the volume, if they still look as recorded; with an empty fingerprint, ones to be brought. */
  readonly kept: readonly { readonly layer: string; readonly fingerprint: string }[]
  /** What the restorer would say of it. */
  readonly lines: readonly string[]
  /** What becomes of each layer that is known, if the buildpack is in the group. */
  readonly decisions: readonly RestoreDecision[]
}

export interface RestoreDecision {
  readonly layer: string
  readonly outcome: 'restored' | 'metadata restored' | 'dropped'
  readonly reason: string
}

/** By buildpack id. Made before detection for every buildpack that is known from the last build; the group then chooses. */
export type Restoration = ReadonlyMap<string, RestoredBuildpack>
