/** A repository at a registry host. */

import type { Readable } from 'node:stream'
import type { Context } from '../base/events.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { registryStatus } from './registry-errors.ts'
import { hasReferrersApi, listReferrers, listTags } from './lists.ts'
import type { BlobIdentity, KnownBlob, Manifest, NewManifest, Repository, UnknownBlob } from './registry.ts'
import { put, read, remove, resolve } from './remote-manifests.ts'
import type { RemotePath } from './remote-path.ts'
import { download, type WantedBlob } from './transfer/blob-download.ts'
import { cancelUpload, checkPush, readUploadSession } from './transfer/upload-session.ts'
import { blobExists, upload, uploadStream } from './transfer/upload.ts'
import { discard, type HttpReply } from './transport/http.ts'

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
    return blobExists(this.#at, digest, context)
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

  uploadStream(blob: UnknownBlob, context: Context = {}): Promise<BlobIdentity> {
    return uploadStream(this.#at, blob, context)
  }

  tags(context: Context = {}): AsyncIterable<string> {
    return listTags(this.#at, context)
  }

  referrers(digest: Digest, context: Context = {}): Promise<Descriptor[]> {
    return listReferrers(this.#at, digest, context)
  }

  listsReferrers(digest: Digest, context: Context = {}): Promise<boolean> {
    return hasReferrersApi(this.#at, digest, context)
  }

  checkPush(context: Context = {}): Promise<void> {
    return checkPush(this.#at, context)
  }
}

/** Statuses for missing read access to `from`, or registries without mounts: an upload may succeed anyway. */
const CANNOT_MOUNT = new Set([400, 401, 403, 404, 405])

/** See Repository.mountBlob. */
async function mount(at: RemotePath, digest: Digest, from: string, context: Context): Promise<boolean> {
  const task = `cannot mount ${digest} of ${from} in ${at.name}`
  const path = at.path(`blobs/uploads/?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`)
  const scopes = [`repository:${from}:pull`]
  let reply: HttpReply
  try {
    reply = await at.call({ task, method: 'POST', path, access: 'push', scopes, expect: [201, 202] }, context)
  } catch (error) {
    if (CANNOT_MOUNT.has(registryStatus(error) ?? 0)) return false
    throw error
  }
  await discard(reply)
  if (reply.status === 201) return true
  await cancelUpload(at, readUploadSession(at, task, reply), context)
  return false
}
