/** A repository at a registry host. */

import type { Readable } from 'node:stream'
import type { Context } from '../base/events.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { download, type WantedBlob } from './blob-download.ts'
import { listReferrers, listTags } from './lists.ts'
import { mount } from './mount.ts'
import type { BlobSource, KnownBlob, Manifest, NewManifest, Repository } from './registry.ts'
import { put, read, remove, resolve } from './remote-manifests.ts'
import type { RemotePath } from './remote-path.ts'
import { checkPush } from './upload-session.ts'
import { exists, upload, uploadStream } from './upload.ts'

export class RemoteRepository implements Repository {
  readonly #at: RemotePath

  constructor(at: RemotePath) {
    this.#at = at
  }

  get name(): string {
    return this.#at.name
  }

  resolve(reference: string, context: Context = {}): Promise<Descriptor | undefined> {
    return resolve(this.#at, reference, context)
  }

  manifest(reference: string, context: Context = {}): Promise<Manifest | undefined> {
    return read(this.#at, reference, context)
  }

  putManifest(reference: string, manifest: NewManifest, context: Context = {}): Promise<Descriptor> {
    return put(this.#at, reference, manifest, context)
  }

  deleteManifest(digest: Digest, context: Context = {}): Promise<void> {
    return remove(this.#at, digest, context)
  }

  hasBlob(digest: Digest, context: Context = {}): Promise<boolean> {
    return exists(this.#at, digest, context)
  }

  blob(descriptor: WantedBlob, context: Context = {}): Promise<Readable> {
    return download(this.#at, descriptor, context)
  }

  mountBlob(digest: Digest, from: string, context: Context = {}): Promise<boolean> {
    return mount(this.#at, digest, from, context)
  }

  uploadBlob(blob: KnownBlob, context: Context = {}): Promise<void> {
    return upload(this.#at, blob, context)
  }

  uploadStream(blob: BlobSource, context: Context = {}): Promise<{ digest: Digest; size: number }> {
    return uploadStream(this.#at, blob, context)
  }

  tags(context: Context = {}): AsyncIterable<string> {
    return listTags(this.#at, context)
  }

  referrers(digest: Digest, context: Context = {}): Promise<Descriptor[]> {
    return listReferrers(this.#at, digest, context)
  }

  checkPush(context: Context = {}): Promise<void> {
    return checkPush(this.#at, context)
  }
}
