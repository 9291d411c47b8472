/** Reads the status of a Build from its image (kpack's pkg/cnb/build_metadata.go). */

import { CnbError, throwIfAborted } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Engine } from '../../../docker/engine.ts'
import { describeEngineImages } from '../../../images/engine/engine-source.ts'
import type { Image } from '../../../images/image.ts'
import { readBuildMetadata } from '../../../images/labels/build-metadata.ts'
import { readStackId } from '../../../images/labels/label-names.ts'
import { readLifecycleMetadata } from '../../../images/labels/lifecycle-metadata.ts'
import type { StoredImage } from '../../../images/stored-image.ts'
import type { Digest } from '../../../oci/digest.ts'
import { contextName, parseReference } from '../../../oci/reference.ts'
import type { BuildSpec, BuildStatus } from '../../../resources/kinds/build.ts'
import { findResourceImage, latestImage, type ResourceServices } from '../builders/resource-images.ts'

/**
 * Reads the image of a build in its registry.
 * @param spec has the names of its cache image and its run image
 * @throws CnbError CNB_IMAGE_INVALID, CNB_IMAGE_NOT_FOUND, CNB_REGISTRY_*
 */
export async function readBuiltImage(reference: string, spec: Pick<BuildSpec, 'cache' | 'runImage'>, services: ResourceServices, context: Context): Promise<BuildStatus> {
  const image = await findResourceImage(reference, services, context)
  const layers = readLifecycleMetadata(image)
  const name = layers?.runImage?.image
  const { digest } = layers && layers.reference !== '' ? parseReference(layers.reference) : {}
  if (name === undefined || digest === undefined) throw unknownBuild(image)
  const cacheTag = spec.cache?.registry?.tag
  const cache = cacheTag === undefined ? undefined : await findCache(cacheTag, services, context)
  return {
    ...statusOf(image, latestImage(image), `${contextName(parseReference(name))}@${await listedIn(spec.runImage?.image, digest, { ...services, platform: image.platform }, context)}`),
    ...(cache ? { latestCacheImage: latestImage(cache) } : {}),
  }
}

/** Returns the cache image, if the build has one. An error does not fail the build: only the next one takes longer. */
async function findCache(tag: string, services: ResourceServices, context: Context): Promise<StoredImage | undefined> {
  try {
    return await findResourceImage(tag, services, context)
  } catch (error) {
    throwIfAborted(context.signal)
    if (error instanceof CnbError && error.code === 'CNB_IMAGE_NOT_FOUND') return undefined
    context.events?.({ type: 'warning', message: `cannot read the cache image '${tag}', so the status of the build does not name it: ${(error as Error).message}` })
    return undefined
  }
}

/**
 * Returns the digest of the index that the Build names as its run image, if it lists this image: the next decision compares the digest with
 * the builder's, which is that of the index.
 */
async function listedIn(runImage: string | undefined, digest: Digest, services: ResourceServices, context: Context): Promise<Digest> {
  const wanted = runImage === undefined ? undefined : parseReference(runImage).digest
  if (runImage === undefined || wanted === undefined || wanted === digest) return digest
  const found = await findResourceImage(runImage, services, context)
  return found.index && found.manifest.descriptor.digest === digest ? wanted : digest
}

/**
 * Reads the image of a build on the engine.
 * @param runImage the name with the digest of the run image: engines without manifests record only its ID
 * @throws CnbError CNB_IMAGE_INVALID, CNB_ENGINE_*
 */
export async function readEngineImage(id: string, runImage: string, engine: Engine, context: Context): Promise<BuildStatus> {
  const image = await describeEngineImages(engine).find(id, context)
  if (!image) throw new CnbError('CNB_ENGINE_FAILED', `image '${id}' was saved, but the engine no longer has it`)
  return statusOf(image, id, runImage)
}

function statusOf(image: Image, latest: string, runImage: string): BuildStatus {
  const built = readBuildMetadata(image)
  if (!built) throw unknownBuild(image)
  return {
    latestImage: latest,
    buildMetadata: built.buildpacks.map(({ id, version, homepage }) => ({ id, version, ...(homepage === undefined ? {} : { homepage }) })),
    stack: { runImage, id: readStackId(image) },
    lifecycleVersion: built.launcherVersion,
  }
}

function unknownBuild({ reference }: Image): CnbError {
  return new CnbError('CNB_IMAGE_INVALID', `cannot read what built '${reference}': its labels do not say it`)
}
