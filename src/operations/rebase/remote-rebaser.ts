/** Rebases images in their registries; only manifests and configurations pass through this process. */

import { counted } from '../../base/counted.ts'
import { CnbError } from '../../base/errors.ts'
import { decide, type Context } from '../../base/events.ts'
import { IndexDocuments, isImageEntry } from '../../images/index/choose-image.ts'
import { NotAnAppImage, UNCHANGED } from '../../images/rebase/rebase-plan.ts'
import { publish } from '../../images/remote/publish.ts'
import { nameInRegistry, repositoryContent, repositoryName } from '../../images/remote/registry-source.ts'
import { RepositoryBlobs } from '../../images/remote/repository-blobs.ts'
import { readImage, type ImageContent, type StoredDocument } from '../../images/stored-image.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { isIndex, readIndex, readManifest } from '../../oci/manifest.ts'
import { isConfigType, isIndexType } from '../../oci/media-types.ts'
import { formatPlatform } from '../../oci/platform.ts'
import { contextName, familiarName, formatReference, parseReference, type Reference } from '../../oci/reference.ts'
import type { NewManifest, Registries } from '../../registry/registry.ts'
import { rewriteIndex } from './rebased-index.ts'
import { rebasePart, type RebasedPart } from './rebased-part.ts'
import { parseTarget, type RebaseResult } from './rebase-result.ts'
import { RemoteRunImages, type RunImageConfig } from './remote-run-images.ts'

export interface RemoteRebaseOptions {
  readonly image: string
  /** More names for the result, in the repository of `image`. */
  readonly tags?: readonly string[]
  readonly runImage?: string
  /** The source of the app layers; default: `image`. */
  readonly previousImage?: string
  readonly force?: boolean
  /** Reports the changes without storing them. */
  readonly dryRun?: boolean
}

/** A result with the manifest for report.toml. */
export interface RemoteRebase extends RebaseResult {
  readonly manifest: Pick<Descriptor, 'digest' | 'size'>
}

/** The result to store: the document that gets the name, and its images. */
interface Rebased {
  readonly document: StoredDocument
  readonly parts: readonly RebasedPart[]
  /** The indexes in the document, inner ones first. */
  readonly nested: readonly StoredDocument[]
}

/** Source and target of one rebase. */
interface Task {
  readonly options: RemoteRebaseOptions
  readonly content: ImageContent
  readonly source: Reference
  readonly target: Reference
  /** The documents that the index lists. */
  readonly documents: IndexDocuments
}

/** Rebases all images of a run; common run images and blobs are read and sent once. */
export class RemoteRebaser {
  readonly blobs: RepositoryBlobs
  readonly #registries: Registries
  readonly #runImages: RemoteRunImages
  /** Emitted warnings, to emit each only once for a list of images. */
  readonly #warned = new Set<string>()

  constructor(registries: Registries, config: RunImageConfig = { runImages: [] }) {
    this.#registries = registries
    this.#runImages = new RemoteRunImages(registries, config)
    this.blobs = new RepositoryBlobs(registries)
  }

  /**
   * Rebases one image, or all images of an index. Moves the tag last, after the registry has all contents.
   * @throws CnbError CNB_NOT_REBASABLE, CNB_IMAGE_NOT_FOUND, CNB_IMAGE_INVALID, CNB_PLATFORM_MISMATCH, CNB_UNSUPPORTED,
   * CNB_REFERENCE_INVALID, CNB_REGISTRY_*
   */
  async rebase(options: RemoteRebaseOptions, context: Context): Promise<RemoteRebase> {
    const start = performance.now()
    const target = parseTarget(options.image)
    const source = options.previousImage === undefined ? target : parseReference(options.previousImage)
    // Access 'push' reads from the registry itself: an image to overwrite must not come from a mirror, which may be outdated.
    const access = options.dryRun || source !== target ? 'pull' : 'push'
    const content = repositoryContent(this.#registries.repository(source, access), repositoryName(source))
    const task = { options, content, source, target, documents: new IndexDocuments(content.name) }
    const found = await content.manifest(source.digest ?? source.tag ?? 'latest', context)
    if (!found) throw new CnbError('CNB_IMAGE_NOT_FOUND', `the registry has no image '${formatReference(source)}'`, { hint: 'Check the name and the tag.' })
    const rebased = isIndex(found.descriptor.mediaType, found.content, content.name)
      ? await this.#rebaseIndex(found, task, context)
      : await this.#rebaseManifest(found, task, context)
    const changed = rebased.parts.some((part) => part.changed)
    for (const part of rebased.parts) {
      decide(context, { kind: 'rebase', name: `${familiarName(target)} (${part.platform})` }, part.changed ? 'needed' : 'not needed', part.reason ?? UNCHANGED)
    }
    this.#warn(rebased.parts, context)
    const more = (options.tags ?? []).map(parseTarget)
    if (!options.dryRun && (changed || more.length > 0 || formatReference(source) !== formatReference(target))) {
      await publish(this.#registries, { tags: [target, ...more], send: (trusting) => this.#send(rebased, task, trusting, context) }, context)
    }
    return resultOf(rebased, target, changed, performance.now() - start)
  }

  async #rebaseManifest(found: StoredDocument, task: Task, context: Context): Promise<Rebased> {
    const part = await this.#rebasePart(found, task, context)
    return { document: part.manifest, parts: [part], nested: [] }
  }

  /** Rebases each image of an index and of the indexes in it. Drops attestations: they describe the images on the old base. */
  async #rebaseIndex(index: StoredDocument, task: Task, context: Context, level = 0): Promise<Rebased> {
    const { content, source, target } = task
    const name = `${content.name}@${index.descriptor.digest}`
    const entries = readIndex(index.content, name)
    const all = await Promise.all(entries.filter(isImageEntry).map(async (entry) => ({ entry, rebased: await this.#rebaseEntry(entry, task, context, level) })))
    const kept = all.filter(({ rebased }) => rebased.parts.length > 0)
    const parts = kept.flatMap(({ rebased }) => rebased.parts)
    if (parts.length === 0 && level === 0) throw new NotAnAppImage(familiarName(source), 'it is an index without images')
    const nested = kept.flatMap(({ entry, rebased }) => [...rebased.nested, ...(isIndexType(entry.mediaType) ? [rebased.document] : [])])
    const dropped = entries.length - kept.length
    const isSame = kept.every(({ entry, rebased }) => rebased.document.descriptor.digest === entry.digest) && (dropped === 0 || repositoryName(source) === repositoryName(target))
    if (isSame) return { document: index, parts, nested }
    if (dropped > 0) {
      const message = `${counted(dropped, 'attestation')} of '${familiarName(source)}' omitted, because attestations describe the image on its old base`
      context.events?.({ type: 'warning', message })
    }
    const replace = new Map(kept.map(({ entry, rebased }) => [entry.digest, rebased.document.descriptor]))
    return { document: rewriteIndex(index, replace), parts, nested }
  }

  async #rebaseEntry(entry: Descriptor, task: Task, context: Context, level: number): Promise<Rebased> {
    const name = entry.platform ? formatPlatform(entry.platform) : entry.digest
    try {
      task.documents.count(level)
      const found = await task.content.manifest(entry.digest, context)
      if (!found) throw new CnbError('CNB_IMAGE_INVALID', `the index ${task.content.name} lists ${entry.digest}, which does not exist`)
      if (isIndex(found.descriptor.mediaType, found.content, entry.digest)) return await this.#rebaseIndex(found, task, context, level + 1)
      return await this.#rebaseManifest(found, task, context)
    } catch (error) {
      if (!(error instanceof CnbError) || context.signal?.aborted) throw error
      throw error.withMessage(`${name}: ${error.message}`)
    }
  }

  async #rebasePart(manifest: StoredDocument, { options, content, source, target }: Task, context: Context): Promise<RebasedPart> {
    const name = familiarName(source)
    const { config } = readManifest(manifest.content, name)
    if (!isConfigType(config.mediaType)) throw new NotAnAppImage(name, `it is of the type '${config.mediaType}'`)
    const app = await readImage(content, manifest, nameInRegistry(name, source), context)
    const run = await this.#runImages.choose(options.runImage, app, target.registry, context)
    return rebasePart(app, content, run, options.force ?? false)
  }

  /**
   * Sends or mounts all contents of the document into the target's repository. @returns the document to store under the target's name
   * @param trusting whether to rely on earlier observations of which contents the repository has
   */
  async #send({ document, parts, nested }: Rebased, { source, target }: Task, trusting: boolean, context: Context): Promise<NewManifest> {
    const repository = this.#registries.repository(target, 'push')
    const isThere = trusting && repositoryName(source) === repositoryName(target)
    await Promise.all(parts.map(async (part) => {
      if (isThere && !part.changed) return
      const sending = part.config && this.blobs.send(part.config, target, context, trusting)
      const lacking = part.blobs.filter(({ descriptor }) => !isThere || !part.present.has(descriptor.digest))
      await Promise.all([sending, ...lacking.map((blob) => this.blobs.bring(blob, target, context, trusting))])
      if (part.manifest !== document) await repository.putManifest(part.manifest.descriptor.digest, toPut(part.manifest), context)
    }))
    for (const index of nested) await repository.putManifest(index.descriptor.digest, toPut(index), context)
    return toPut(document)
  }

  #warn(parts: readonly RebasedPart[], context: Context): void {
    for (const rule of parts.flatMap(({ warnings }) => warnings)) {
      if (this.#warned.has(rule)) continue
      this.#warned.add(rule)
      context.events?.({ type: 'warning', message: `rebasing by force, although ${rule}` })
    }
  }
}

function toPut({ descriptor, content }: StoredDocument): NewManifest {
  return { mediaType: descriptor.mediaType, content }
}

function resultOf({ document, parts }: Rebased, target: Reference, changed: boolean, durationMs: number): RemoteRebase {
  const { digest, size } = document.descriptor
  const several = parts.length > 1
  const unique = (values: readonly string[]): string => [...new Set(values)].join(', ')
  const reasons = parts.flatMap(({ reason, platform }) => (reason === undefined ? [] : [several ? `${platform}: ${reason}` : reason]))
  return {
    image: familiarName(target),
    id: `${contextName(target)}@${digest}`,
    reference: `${familiarName({ registry: target.registry, repository: target.repository })}@${digest}`,
    runImage: unique(parts.map(({ runImage }) => runImage)),
    previousRunImage: unique(parts.map(({ previousRunImage }) => previousRunImage)),
    changed,
    ...(reasons.length > 0 ? { reason: reasons.join('; ') } : {}),
    ...(several ? { platforms: parts.map(({ platform, manifest, changed: moved }) => ({ platform, digest: manifest.descriptor.digest, changed: moved })) } : {}),
    durationMs,
    manifest: { digest, size },
  }
}
