/** Blobs of registries' repositories, each seen to once: mounted where the registry has it already, or else copied. */

import type { Context } from '../../base/events.ts'
import { parseReference, type Reference } from '../../oci/reference.ts'
import type { Registries } from '../../registry/registry.ts'
import type { LayerBlob } from '../image.ts'
import { repositoryName } from './registry-source.ts'

/** Shared by all images of a run: what one image brought to a repository, the next finds there. */
export class RepositoryBlobs {
  readonly #registries: Registries
  /** By repository and digest. */
  readonly #there = new Map<string, Promise<void>>()
  #mounted = 0
  #copiedBytes = 0

  constructor(registries: Registries) {
    this.#registries = registries
  }

  /** Blobs that registries took over from a repository of their own. */
  get mounted(): number {
    return this.#mounted
  }

  /** Bytes of layers that went from one registry to another. */
  get copiedBytes(): number {
    return this.#copiedBytes
  }

  /**
   * Sees that the target's repository has the blob.
   * @param trusting whether what is said to be there is believed
   * @throws CnbError CNB_REGISTRY_*
   */
  async bring(blob: LayerBlob, target: Reference, context: Context, trusting = true): Promise<void> {
    const name = repositoryName(target)
    if (trusting && blob.repository === name) return
    await this.#once(name, blob, trusting, () => this.#bring(blob, target, context))
  }

  /** Sends a small blob that is new, most likely: nobody asks first whether it is there. */
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

  /** Does `work` unless it was done for this blob; what failed is done again for the next image. */
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
