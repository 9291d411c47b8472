/** Registries as the rest of `cnb` sees them (OCI distribution-spec 1.1). The client is in open-registries.ts. */

import type { Readable } from 'node:stream'
import type { Context } from '../base/events.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import type { Reference } from '../oci/reference.ts'

/** What is about to be done: credentials are asked for it, and no more. */
export type Access = 'pull' | 'push'

/** A manifest or an index, with its bytes as they are stored. */
export interface Manifest {
  readonly descriptor: Descriptor
  readonly content: Buffer
}

export interface NewManifest {
  readonly mediaType: string
  readonly content: Buffer
}

/** Bytes to be sent. `open` is called again for another try; a stream that it gives twice is not tried again. */
export interface BlobSource {
  open(signal: AbortSignal): Promise<Readable>
}

export interface KnownBlob extends BlobSource {
  readonly descriptor: Pick<Descriptor, 'digest' | 'size'>
  /** All of it, where it is in memory: it is sent as it is, and `open` not called. */
  readonly content?: Buffer
}

/**
 * One repository of one registry. Whatever is there may be gone the next moment, and whatever is not there may come.
 * All methods throw CnbError CNB_REGISTRY_DENIED, CNB_REGISTRY_UNREACHABLE or CNB_REGISTRY_FAILED, and end soon after an abort.
 */
export interface Repository {
  /** `registry/repository`, for messages. */
  readonly name: string
  /** What a tag or digest stands for, as the registry says; undefined when it is not there. */
  resolve(reference: string, context?: Context): Promise<Descriptor | undefined>
  /** The manifest or index of a tag or digest, 4 MiB at most and true to its digest; undefined when it is not there. */
  manifest(reference: string, context?: Context): Promise<Manifest | undefined>
  /** Stores a manifest or index under a tag or its digest. What it names must be there. */
  putManifest(reference: string, manifest: NewManifest, context?: Context): Promise<Descriptor>
  /** Removes a manifest; nothing happens when it is not there. */
  deleteManifest(digest: Digest, context?: Context): Promise<void>
  hasBlob(digest: Digest, context?: Context): Promise<boolean>
  /**
   * A blob's bytes as a stream, which fails at its end when they are not what `digest` and `size` (bytes) say. A connection that
   * breaks off is taken up again where it broke. @throws CnbError CNB_REGISTRY_FAILED when there is no such blob
   */
  blob(descriptor: Pick<Descriptor, 'digest'> & { size?: number }, context?: Context): Promise<Readable>
  /** Takes over a blob of another repository (`team/app`) of the same registry; false when the registry wants it uploaded. */
  mountBlob(digest: Digest, from: string, context?: Context): Promise<boolean>
  /** Sends a blob whose digest and size are known. It is the caller's to ask first whether it is there. */
  uploadBlob(blob: KnownBlob, context?: Context): Promise<void>
  /** Sends a blob whose digest and size are found on the way. */
  uploadStream(blob: BlobSource, context?: Context): Promise<{ digest: Digest; size: number }>
  /** All tags, in the registry's order; none when there is no such repository. */
  tags(context?: Context): AsyncIterable<string>
  /** The manifests whose subject `digest` is. */
  referrers(digest: Digest, context?: Context): Promise<Descriptor[]>
  /** @throws CnbError CNB_REGISTRY_DENIED when one may not write here; nothing is left there */
  checkPush(context?: Context): Promise<void>
}

/** All registries, with the connections and tokens that are shared. */
export interface Registries extends AsyncDisposable {
  /** The repository of an image; its tag and digest do not matter. @throws CnbError CNB_REFERENCE_INVALID */
  repository(reference: Reference | string, access?: Access): Repository
  /** Breaks off what is going on, and closes all connections. */
  close(): Promise<void>
}
