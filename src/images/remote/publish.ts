/** Publishing an image or an index in registries: its content first, its tags last (OCI distribution-spec 1.1, "Pushing manifests"). */

import { CnbError, toCnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { familiarName, type Reference } from '../../oci/reference.ts'
import { refusalStatus } from '../../registry/errors.ts'
import type { NewManifest, Registries } from '../../registry/registry.ts'

/** What to publish. */
export interface Publication {
  /** The tags that the document gets, in this order; the first is the one that a refusal is checked on. */
  readonly tags: readonly Reference[]
  /**
   * Sends everything that the document names to the repositories of all tags, and returns the document.
   * @param trusting whether to assume that a repository still has the blobs that an image in it names; without it, each blob is checked
   */
  readonly send: (trusting: boolean) => Promise<NewManifest>
}

/** The document as it was stored, and the tags that point to it. */
export interface Published {
  readonly document: NewManifest
  readonly tags: readonly string[]
}

/** How registries refuse a document that names something they lack; 404 by the specification, 400 by older registries. */
const INCOMPLETE = new Set([400, 404])

/**
 * Publishes a document. A repository that turns out to lack what was assumed to be there is sent it, once. Tags move one after the
 * other when all repositories have everything: a failure before that leaves all tags as they were; the error of a later failure
 * lists the tags that moved.
 * @throws CnbError CNB_REGISTRY_*, and what `send` throws
 */
export async function publish(registries: Registries, { tags: [first, ...others], send }: Publication, context: Context): Promise<Published> {
  if (!first) throw new CnbError('CNB_INTERNAL', 'an image without a name cannot be published')
  const put = async (tag: Reference, document: NewManifest): Promise<void> => {
    await registries.repository(tag, 'push').putManifest(tag.tag ?? 'latest', document, context)
  }
  const sendAndPut = async (trusting: boolean): Promise<NewManifest> => {
    const document = await send(trusting)
    await put(first, document)
    return document
  }
  const document = await sendAndPut(true).catch((error: unknown) => {
    if (!INCOMPLETE.has(refusalStatus(error) ?? 0)) throw error
    context.events?.({ type: 'debug', message: `looking for all blobs, because the registry refused the manifest: ${toCnbError(error).message}` })
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
