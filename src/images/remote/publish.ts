/** Publishes an image or index: content first, tags last (distribution-spec "Pushing manifests"). */

import { CnbError, toCnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { digestOf } from '../../oci/digest.ts'
import { familiarName, type Reference } from '../../oci/reference.ts'
import { registryStatus } from '../../registry/registry-errors.ts'
import type { NewManifest, Registries } from '../../registry/registry.ts'

/** An image or index to publish. */
export interface Publication {
  /** The tags, set in this order; after a rejection of the first, missing blobs are sent. */
  readonly tags: readonly Reference[]
  /** Whether the document is stored under its digest only, in the repositories of the tags. */
  readonly byDigest?: boolean
  /**
   * Sends all content of the document to the repositories of all tags, and returns the document.
   * @param trusting whether to assume that a repository still has the blobs of its images; otherwise each blob is checked
   */
  readonly send: (trusting: boolean) => Promise<NewManifest>
}

/** The stored document, and its tags. */
export interface Published {
  readonly document: NewManifest
  readonly tags: readonly string[]
}

/** The status for a document with missing content: 404 by the specification, 400 in older registries. */
const INCOMPLETE = new Set([400, 404])

/**
 * Publishes a document. If a repository rejects it for missing content, all blobs are checked and sent, once. The tags are set one after
 * the other when all repositories have all content. A failure before leaves all tags unchanged; the error of a later failure lists the
 * tags that were set.
 * @throws CnbError CNB_REGISTRY_*, and errors of `send`
 */
export async function publish(registries: Registries, { tags: [first, ...others], byDigest, send }: Publication, context: Context): Promise<Published> {
  if (!first) throw new CnbError('CNB_INTERNAL', 'cannot publish an image without a name')
  const put = async (tag: Reference, document: NewManifest): Promise<void> => {
    const reference = byDigest ? digestOf(document.content) : (tag.tag ?? 'latest')
    await registries.repository(tag, 'push').putManifest(reference, document, context)
  }
  const sendAndPut = async (trusting: boolean): Promise<NewManifest> => {
    const document = await send(trusting)
    await put(first, document)
    return document
  }
  const document = await sendAndPut(true).catch((error: unknown) => {
    if (!INCOMPLETE.has(registryStatus(error) ?? 0)) throw error
    context.events?.({ type: 'debug', message: `checking all blobs, because the registry rejected the manifest: ${toCnbError(error).message}` })
    return sendAndPut(false)
  })
  const tags = [familiarName(first)]
  for (const tag of others) {
    await put(tag, document).catch((error: unknown) => {
      throw partialTagError(error, tag, tags)
    })
    tags.push(familiarName(tag))
  }
  return { document, tags }
}

function partialTagError(error: unknown, tag: Reference, moved: readonly string[]): CnbError {
  const failure = toCnbError(error)
  return failure.withMessage(`the image is published as ${moved.join(', ')}, but not as ${familiarName(tag)}: ${failure.message}`)
}
