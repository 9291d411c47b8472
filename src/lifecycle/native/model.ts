/** Data types shared by the parts of the native driver. */

import type { TarHeader } from '../../archive/tar/tar-header.ts'
import type { TarReadEntry } from '../../archive/tar/tar-reader.ts'
import type { TarEntry } from '../../archive/tar/tar-writer.ts'
import type { Context } from '../../base/events.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Image } from '../../images/image.ts'
import type { LifecycleMetadata } from '../../images/labels/lifecycle-metadata.ts'

/** A buildpack or extension of the detected group (platform.md "group.toml"). */
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

/** The image that this build replaces, and its lifecycle metadata label; undefined if the label is missing or invalid. */
export interface PreviousImage {
  readonly image: Image
  readonly metadata: LifecycleMetadata | undefined
}

/** Types of a layer (buildpack.md "Layer Types"). */
export interface LayerTypes {
  readonly build: boolean
  readonly launch: boolean
  readonly cache: boolean
}

/** A layer after the build: `<layer>.toml`, and whether its directory exists. */
export interface BuiltLayer extends LayerTypes {
  readonly name: string
  /** `[metadata]` of the layer's file; undefined if absent. */
  readonly data: unknown
  readonly hasContents: boolean
  /** Why the layer's file is invalid; such a layer fails the export. */
  readonly malformed?: string
}

/** A buildpack's directory after the build; layers are in the byte order of their names. */
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
 * `/layers` after the build, without the content of layers' directories. Keys are paths relative to `/layers`: `''` is `/layers`,
 * `node` a buildpack's directory; further `node/dist.toml`, `node/dist` (a layer's directory), `config/metadata.toml`,
 * `sbom/launch/node/sbom.cdx.json`.
 */
export type LayersTree = ReadonlyMap<string, LayerTreeEntry>

/** Reads files from the container (or image) of the build. */
export interface BuildFiles {
    /**
     * Yields `path` and everything below it, depth first, names of a directory in byte order; names are absolute. Hard links are links
     * to the first of their names, or copies. Returns undefined if the path does not exist. Read each entry's content before the next entry.
     */
  read(path: string, context: Context): Promise<AsyncIterable<TarReadEntry> | undefined>
    /**
     * Yields names, types, sizes and targets of the entries that `read` would, without reading contents: a claim of the build. Returns
     * undefined if they cannot be listed.
     */
  list?(path: string): Promise<AsyncIterable<TarHeader> | undefined>
}

/** A cached layer of the last build: the stock cache's metadata, and the fingerprint of its directory. */
export interface CachedLayer extends LayerTypes {
  readonly sha: Digest
  readonly data: unknown
  /** The directory's fingerprint in the `layers` volume (session script); empty if it has none. */
  readonly fingerprint: string
}

/** A source of the code that a build runs (cache/code-sources.ts). */
export interface CodeSource {
  /** The name for messages. */
  readonly name: string
  /** The builder's repository, or the path of a buildpack from outside the builder. */
  readonly place: Digest
  /** The builder image's ID, or the diffID of the buildpack's layer. */
  readonly content: string
}

/**
 * The native driver's record of the `layers` volume and the app's image; stored in the `state` volume, which buildpacks cannot access.
 */
export interface CacheRecord {
  readonly version: 2
  /** All sources with code that could write the content of the volume and of the image. */
  readonly sources: readonly CodeSource[]
  /** The build user, who owns the files. */
  readonly uid: number
  readonly gid: number
  /** By buildpack ID, then by layer name: every layer with `cache = true`, and launch layers that are still in the volume. */
  readonly buildpacks: readonly { readonly id: string; readonly version: string; readonly layers: Readonly<Record<string, CachedLayer>> }[]
  /** The SBOM layers of that build: diffIDs, and files by path relative to `/layers/sbom/<kind>`, with base64 content. */
  readonly sbom: {
    readonly launch?: { readonly sha: Digest; readonly files: Readonly<Record<string, string>> }
    readonly cache?: { readonly sha: Digest; readonly files: Readonly<Record<string, string>> }
  }
  readonly launcher?: KnownLauncher
  readonly app?: KnownApp
}

/** The files of a large app in the `app` volume, and the layers made of them. */
export interface KnownApp {
  /** Of the host's files (project/app-status.ts). */
  readonly status: string
  /** When it was read, in milliseconds: a younger file could change without another status. */
  readonly time: number
  /** The looks of the files in the volume before detection, and after the build (session-script.ts). */
  readonly sent: string
  readonly left: string
  /** The app's directory in the container. */
  readonly directory: string
  /** The patterns of each slice, as JSON. */
  readonly slices: string
  readonly layers: readonly { readonly diffId: Digest; readonly size: number; readonly createdBy: string }[]
}

/** The remains of earlier builds that a build finds. */
export interface KeptLayers {
  readonly record?: CacheRecord
  /** Whether code from outside of this build created the app's image: then none of its layers is reused. */
  readonly external?: boolean
  /** The content of the record's layers if they are not in the `layers` volume; then none has a fingerprint. */
  readonly contents?: LayerContents
}

/** Cached layers to upload into the build container. */
export interface LayerContents {
    /**
     * Yields one of the record's layers for an upload to `/`: names start with `layers/<escaped id>/<layer>`.
     * @throws CnbError CNB_RESTORE_FAILED and others, at the end if the layer does not have its digest
     */
  entries(buildpackId: string, layer: string, context: Context): AsyncIterable<TarEntry>
}

/** The launcher layer of a builder image, recorded to avoid reading its megabytes in each build. */
export interface KnownLauncher {
  /** The builder image's ID. */
  readonly builder: string
  readonly diffId: Digest
  /** The size of the layer's tar in bytes. */
  readonly size: number
  /** The version that the builder's lifecycle prints; empty if it was not requested. */
  readonly version: string
}

/** The content of `/layers` for a buildpack that is in the group again. */
export interface RestoredBuildpack {
  /** Files to upload, owned by the build user, with names that start with `layers/<escaped id>`: store.toml, layers' files, SBOMs. */
  readonly entries: readonly TarEntry[]
  /** Layer directories that remain in the volume if their fingerprint matches; those with an empty fingerprint are uploaded. */
  readonly kept: readonly { readonly layer: string; readonly fingerprint: string }[]
  /** The log lines of the restorer for it. */
  readonly lines: readonly string[]
  /** The decision for each recorded layer, if the buildpack is in the group. */
  readonly decisions: readonly RestoreDecision[]
}

export interface RestoreDecision {
  readonly layer: string
  readonly outcome: 'restored' | 'metadata restored' | 'dropped'
  readonly reason: string
}

/** By buildpack ID. Planned before detection for every buildpack of the last build; the group then selects. */
export type Restoration = ReadonlyMap<string, RestoredBuildpack>
