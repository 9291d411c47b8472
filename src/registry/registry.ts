/** The interface of registries (OCI distribution-spec 1.1). open-registries.ts creates the client. */

import type { Readable } from 'node:stream'
import type { Context } from '../base/events.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import type { Reference } from '../oci/reference.ts'

/** The kind of access: credentials are requested for it only. */
export type Access = 'pull' | 'push'

/** A manifest or an index, with its stored bytes. */
export interface Manifest {
  readonly descriptor: Descriptor
  readonly content: Buffer
}

export interface NewManifest {
  readonly mediaType: string
  readonly content: Buffer
}

/** Bytes to send. A retry calls `open` again; the same stream twice prevents a retry. */
interface BlobSource {
  open(signal: AbortSignal): Promise<Readable>
}

export interface KnownBlob extends BlobSource {
  readonly descriptor: Pick<Descriptor, 'digest' | 'size'>
  /** The whole content, if in memory: it is sent directly, and `open` is not called. */
  readonly content?: Buffer
}

/** Digest and size of the bytes of a stream. */
export interface BlobIdentity {
  readonly digest: Digest
  readonly size: number
}

/** Bytes of unknown digest to send. */
export interface UnknownBlob extends BlobSource {
  /** Returns their digest and size after the end of the stream; without it, the bytes are hashed. The registry verifies the digest. */
  readonly identity?: () => Promise<BlobIdentity>
}

/** The context of a read. */
export interface ReadContext extends Context {
  /** The caller has a copy to use instead: a refused connection is not tried again. */
  readonly hasCopy?: boolean
}

/**
 * A repository of a registry. Content may appear or disappear at any time.
 * All methods throw CnbError CNB_REGISTRY_DENIED, CNB_REGISTRY_UNREACHABLE or CNB_REGISTRY_FAILED, and end soon after an abort.
 */
export interface Repository {
  /** `registry/repository`, for messages. */
  readonly name: string
  /** Resolves a tag or digest; undefined if it does not exist. */
  resolve(reference: string, context?: Context): Promise<Descriptor | undefined>
  /** Returns the manifest or index of a tag or digest, at most 4 MiB and with a verified digest; undefined if it does not exist. */
  manifest(reference: string, context?: ReadContext): Promise<Manifest | undefined>
  /** Stores a manifest or index under a tag or its digest. Its blobs must exist. */
  putManifest(reference: string, manifest: NewManifest, context?: Context): Promise<Descriptor>
  /** Removes a manifest; succeeds if it does not exist. */
  deleteManifest(digest: Digest, context?: Context): Promise<void>
  hasBlob(digest: Digest, context?: Context): Promise<boolean>
  /**
   * Returns a blob's bytes as a stream, which fails at its end if they do not match `digest` and `size` (bytes). A lost connection is
   * resumed where it broke. @throws CnbError CNB_REGISTRY_FAILED if the blob does not exist
   */
  blob(descriptor: Pick<Descriptor, 'digest'> & { size?: number }, context?: Context): Promise<Readable>
  /** Mounts a blob of another repository (`team/app`) of the same registry; false if the registry requires an upload. */
  mountBlob(digest: Digest, from: string, context?: Context): Promise<boolean>
  /** Uploads a blob of known digest and size. Callers check first whether it exists. */
  uploadBlob(blob: KnownBlob, context?: Context): Promise<void>
  /** Uploads a blob and computes its digest and size on the way. */
  uploadStream(blob: UnknownBlob, context?: Context): Promise<BlobIdentity>
  /** Yields all tags, in the registry's order; none if the repository does not exist. */
  tags(context?: Context): AsyncIterable<string>
  /** Returns the manifests with subject `digest`. */
  referrers(digest: Digest, context?: Context): Promise<Descriptor[]>
  /** Whether the registry itself keeps the list of a manifest's referrers; otherwise clients would have to write it under a tag. */
  listsReferrers(digest: Digest, context?: Context): Promise<boolean>
  /** @throws CnbError CNB_REGISTRY_DENIED without write access; leaves nothing behind */
  checkPush(context?: Context): Promise<void>
}

/** A registry's answer to the first request of a client. */
export interface RegistryAnswer {
  /** `https://registry.example` */
  readonly origin: string
  /** Whether it accepts this user's credentials or, without any, anonymous access. */
  readonly isAllowed: boolean
  /** Milliseconds by which its clock is ahead of this machine's, to the second; undefined without a date in the answer. */
  readonly aheadMs?: number
}

/** All registries, with shared connections and tokens. */
export interface Registries extends AsyncDisposable {
  /** Returns the repository of an image; tag and digest are ignored. @throws CnbError CNB_REFERENCE_INVALID */
  repository(reference: Reference | string, access?: Access): Repository
  /**
   * Contacts the registry at `host`, without retries. The error for an untrusted certificate names its issuer.
   * @throws CnbError CNB_REGISTRY_DENIED, CNB_REGISTRY_UNREACHABLE, CNB_REGISTRY_FAILED
   */
  ping(host: string, context?: Context): Promise<RegistryAnswer>
  /** Aborts running operations, and closes all connections. */
  close(): Promise<void>
}
