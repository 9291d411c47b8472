/** The types of sources: the declaration of an Image, resolved to one state of the files. */

import type { Context } from '../base/events.ts'
import type { TreeLimits } from '../archive/tree-writer.ts'
import type { runGit } from '../git/run-git.ts'
import type { Platform } from '../oci/platform.ts'
import type { Digest } from '../oci/digest.ts'
import type { Keychain } from '../registry/auth/keychain.ts'
import type { Downloads } from '../registry/download/open-downloads.ts'
import type { Registries } from '../registry/registry.ts'
import type { BlobSource, GitSource, LocalSource, RegistrySource } from '../resources/kinds/parts.ts'
import type { SourceCredentials } from './credentials/credentials.ts'

/** A resolved source, in the form of kpack's SourceResolver status: one of the fields is set. Equal values have equal files. */
export interface ResolvedSource {
  git?: ResolvedGit
  blob?: ResolvedBlob
  registry?: ResolvedRegistry
  local?: ResolvedLocal
}

interface ResolvedSubPath {
  subPath?: string
}

export interface ResolvedGit extends ResolvedSubPath, GitSource {
  /** A commit. */
  revision: string
  /** The kind of the revision in the spec. `Unknown`: another ref, such as HEAD. */
  type: 'Branch' | 'Tag' | 'Commit' | 'Unknown'
  /** The tree of `subPath` in the commit, if it was requested. */
  tree?: string
}

export interface ResolvedBlob extends ResolvedSubPath, BlobSource {
  digest: Digest
}

export interface ResolvedRegistry extends ResolvedSubPath, RegistrySource {
  digest: Digest
}

/** The files of a directory are not resolved: they may differ at each read. */
export interface ResolvedLocal extends ResolvedSubPath, LocalSource {}

/** The files of a source. */
export interface FetchedSource {
  /** The directory of the app: the sub-path of the fetched directory, or of the local one. */
  readonly path: string
  /** As kpack writes it to project-metadata.toml: the `source` of the image's label `io.buildpacks.project.metadata`. */
  readonly metadata?: SourceMetadata
}

interface SourceMetadata {
  readonly type: 'git' | 'blob' | 'image'
  readonly metadata: Readonly<Record<string, string>>
  readonly version: Readonly<Record<string, string>>
}

/** The dependencies of all kinds. */
export interface SourceServices {
  /** For the PATH, proxies and certificates of git, and for the user's git settings. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** PEM certificates to trust in addition to the system's. */
  readonly ca?: readonly Buffer[]
  /** Selects the image of an index. */
  readonly platform: Platform
  /** Opens the client for blobs; called once. */
  readonly downloads: () => Promise<Downloads>
  /** Opens a client for registries with the credentials; called once for each keychain. */
  readonly registries: (keychain: Keychain) => Promise<Registries>
  /** Runs git for lists of refs; default: runGit. */
  readonly git?: typeof runGit
  /** Default: 500 000 files, 8 GiB. */
  readonly limits?: TreeLimits
  /**
   * Whether git may use this user's credentials, keys and configuration for a remote without a Secret. Default: no. On a cluster, kpack
   * has none of them, and a build should not depend on who runs it.
   */
  readonly useLocalCredentials?: boolean
  /**
   * Whether ssh accepts a host without a known key, with a warning. Default: yes, as in kpack (INSECURE_SSH_TRUST_UNKNOWN_HOSTS). A known
   * host with another key is always refused.
   */
  readonly trustUnknownHosts?: boolean
  /** Milliseconds; default: a minute for a list of refs, half an hour for a fetch. */
  readonly timeLimits?: { readonly list?: number; readonly fetch?: number }
}

/** The options of a resolution. */
export interface ResolveOptions {
  /** Whether the tree of a git source's sub-path is needed, which takes a fetch of the commit's directories. */
  readonly withTree?: boolean
  /** The last resolution, to reuse the tree of the same commit. */
  readonly previous?: ResolvedSource
}

/** A kind of source. */
export interface SourceKind<Spec, Resolved> {
  /** Finds the current state of the source. @throws CnbError */
  resolve(spec: Spec & ResolvedSubPath, credentials: SourceCredentials, options: ResolveOptions, context: Context): Promise<Resolved>
  /** Writes the files to an empty directory, and returns the directory that has them. @throws CnbError */
  fetch(resolved: Resolved, directory: string, credentials: SourceCredentials, context: Context): Promise<FetchedSource>
}

export const SOURCE_LIMITS: TreeLimits = { files: 500_000, bytes: 8 * 1024 ** 3 }
