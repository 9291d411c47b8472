/** Finds the previous image, and creates analyzed.toml (lifecycle phase/analyzer.go). */

import { decide, type Context } from '../../../base/events.ts'
import { CnbError } from '../../../base/errors.ts'
import { isTable } from '../../../formats/lenient-values.ts'
import { hasFeature } from '../../../formats/api-features.ts'
import type { Image, ImageSource } from '../../../images/image.ts'
import { labelOf } from '../../../images/labels/read-labels.ts'
import { LIFECYCLE_METADATA_LABEL, readDistro, readImageTarget } from '../../../images/labels/label-names.ts'
import { type LifecycleMetadata, readLifecycleMetadata } from '../../../images/labels/lifecycle-metadata.ts'
import { hexOf, isDigest } from '../../../oci/digest.ts'
import { familiarName } from '../../../oci/reference.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import type { PreviousImage } from '../model.ts'
import { parseExactJson } from '../../../formats/go/exact-json.ts'
import { encodeGoToml } from '../../../formats/go/toml.ts'

const BASE_ID_LABEL = 'io.buildpacks.base.id'

type Previous = Pick<BuildPlan, 'image' | 'previousImage'>

/**
 * Returns the image of `--previous-image`, otherwise the current image of the app's name; undefined if it does not exist. An invalid
 * label is treated as missing (platform.md "analyzer").
 */
export async function findPrevious(plan: Previous, images: ImageSource, context: Context): Promise<PreviousImage | undefined> {
  const { previousImage } = plan
  const image = await images.find(previousImage ?? familiarName(plan.image), context)
  if (!image) {
    const message = `cannot find the previous image '${previousImage}': its layers are not reused`
    if (previousImage !== undefined) context.events?.({ type: 'info', message })
    decide(context, { kind: 'previous image', name: previousImage ?? familiarName(plan.image) }, 'not found', 'no image has this name at the target of the new one')
    return undefined
  }
  const subject = { kind: 'previous image', name: image.reference } as const
  try {
    const metadata = readMetadata(image)
    const named = previousImage === undefined ? 'it has the name of the new image' : '--previous-image selects it'
    decide(context, subject, metadata ? 'found' : 'not used', metadata ? named : 'it was not built by buildpacks: it has no label io.buildpacks.lifecycle.metadata')
    return { image, metadata }
  } catch (error) {
    const message = `cannot reuse layers of image '${image.reference}': ${(error as Error).message}`
    context.events?.({ type: 'warning', message })
    decide(context, subject, 'not used', `its label is invalid: ${(error as Error).message}`)
    return { image, metadata: undefined }
  }
}

/** Parses the label, and preserves integers that JSON.parse would round. */
function readMetadata(image: Image): LifecycleMetadata | undefined {
  const metadata = readLifecycleMetadata(image)
  if (!metadata) return undefined
  const exact = parseExactJson(labelOf(image, LIFECYCLE_METADATA_LABEL))
  return {
    ...metadata,
    buildpacks: metadata.buildpacks.map(({ id, version, layers, store }, index) => ({
      id,
      version,
      layers: new Map([...layers].map(([name, layer]) => [name, { ...layer, data: at(exact, 'buildpacks', index, 'layers', name, 'data') }])),
      store: store === undefined ? undefined : (at(exact, 'buildpacks', index, 'store', 'metadata') ?? null),
    })),
  }
}

function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((part, key) => {
    if (Array.isArray(part)) return (part as unknown[])[Number(key)]
    return isTable(part) && Object.hasOwn(part, key) ? part[key] : undefined
  }, value)
}

/**
 * Creates analyzed.toml for detector, builder and extender: the stock analyzer's without `[metadata]`, which only restorer and exporter
 * read; here they run in this process.
 * @throws CnbError CNB_RUN_IMAGE_INVALID if the run image has no operating system
 */
export function analyzedToml(plan: Pick<BuildPlan, 'platformApi' | 'runImage'>, previous: PreviousImage | undefined): string {
  const { name, image } = plan.runImage
  const hasTarget = hasFeature(plan.platformApi, 'targets')
  if (hasTarget && image.platform.os === '') {
    throw new CnbError('CNB_RUN_IMAGE_INVALID', `run image '${name}' does not specify its operating system`)
  }
  return encodeGoToml({
    image: { reference: previousReference(previous) },
    'run-image': { reference: storeReference(image), ...(hasTarget ? { image: name, target: target(image) } : {}) },
  })
}

/** Returns an empty reference if the label is invalid: for the lifecycle such an image does not exist. */
function previousReference(previous: PreviousImage | undefined): string {
  if (!previous || (!previous.metadata && labelOf(previous.image, LIFECYCLE_METADATA_LABEL) !== '')) return ''
  return storeReference(previous.image)
}

/** Returns the lifecycle's reference to an image on an engine: its ID without the algorithm. */
function storeReference({ id }: Image): string {
  return isDigest(id) ? hexOf(id) : id
}

function target(image: Image): Record<string, unknown> {
  const { os, arch, variant } = readImageTarget(image)
  const distro = readDistro(image)
  const id = labelOf(image, BASE_ID_LABEL)
  return {
    ...(id === '' ? {} : { id }),
    os,
    arch,
    ...(variant === undefined ? {} : { 'arch-variant': variant }),
    ...(distro ? { distro } : {}),
  }
}
