/** Sends each blob to a repository once: by a mount from the same registry, or else by an upload. */

import type { Context } from '../../base/events.ts'
import { parseReference, type Reference } from '../../oci/reference.ts'
import type { Registries } from '../../registry/registry.ts'
import type { LayerBlob } from '../image.ts'
import { repositoryName } from './registry-source.ts'

/** Bytes up to which a new blob is sent without a request whether the repository has it. */
const SMALL = 64 * 1024

/** Remembers the blobs of repositories, for all images of a run. */
export class RepositoryBlobs {
  readonly #registries: Registries
  /** Finished and running transfers, by repository and digest. */
  readonly #there = new Map<string, Promise<void>>()
  #mounted = 0
  #copiedBytes = 0

  constructor(registries: Registries) {
    this.#registries = registries
  }

  /** The number of blobs that registries mounted from other repositories. */
  get mounted(): number {
    return this.#mounted
  }

  /** The uploaded bytes of layers. */
  get copiedBytes(): number {
    return this.#copiedBytes
  }

  /**
   * Sends the blob to the target's repository, if it is missing there.
   * @param trusting whether to assume that repositories have the blobs that are recorded for them
   * @throws CnbError CNB_REGISTRY_*
   */
  async bring(blob: LayerBlob, target: Reference, context: Context, trusting = true): Promise<void> {
    const name = repositoryName(target)
    if (trusting && blob.repository === name) return
    await this.#once(name, blob, trusting, () => this.#bring(blob, target, context))
  }

  /** Sends a blob of a new image: a small one that is recorded for no repository without a check for its presence. */
  async bringNew(blob: LayerBlob, target: Reference, context: Context, trusting = true): Promise<void> {
    const isNew = blob.repository === undefined && blob.descriptor.size <= SMALL
    await this[isNew ? 'send' : 'bring'](blob, target, context, trusting)
  }

  /** Uploads a small blob that is probably new, without a check for its presence. */
  async send(blob: LayerBlob, target: Reference, context: Context, trusting = true): Promise<void> {
    await this.#once(repositoryName(target), blob, trusting, () => this.#registries.repository(target, 'push').uploadBlob(blob, context))
  }

  async #bring(blob: LayerBlob, target: Reference, context: Context): Promise<void> {
    const { descriptor, repository: home } = blob
    const repository = this.#registries.repository(target, 'push')
    if (home !== undefined && home !== repositoryName(target)) {
      const { registry, repository: path } = parseReference(home)
      if (registry === target.registry && (await repository.mountBlob(descriptor.digest, path, context))) {
        this.#mounted++
        return
      }
    }
    if (await repository.hasBlob(descriptor.digest, context)) return
    await repository.uploadBlob(blob, context)
    this.#copiedBytes += descriptor.size
  }

  /** Runs `work` once per blob. After a failure, the next image runs it again. */
  #once(name: string, { descriptor }: LayerBlob, trusting: boolean, work: () => Promise<void>): Promise<void> {
    const key = `${name}@${descriptor.digest}`
    const known = trusting ? this.#there.get(key) : undefined
    if (known) return known
    const doing = work()
    this.#there.set(key, doing)
    doing.catch(() => {
      if (this.#there.get(key) === doing) this.#there.delete(key)
    })
    return doing
  }
}
