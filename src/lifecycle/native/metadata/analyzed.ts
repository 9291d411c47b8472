/** What the analyzer finds out: the image that this build takes the place of, and analyzed.toml (lifecycle phase/analyzer.go). */

import { decide, type Context } from '../../../base/events.ts'
import { CnbError } from '../../../base/errors.ts'
import { isTable } from '../../../formats/lenient-values.ts'
import { hasFeature } from '../../../formats/api-features.ts'
import type { Image, ImageSource } from '../../../images/image.ts'
import { labelOf } from '../../../images/labels/read-labels.ts'
import { LIFECYCLE_METADATA_LABEL, readDistro, readImageTarget } from '../../../images/labels/labels.ts'
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
 * The image named by `--previous-image`, else the one that has the app's name now; undefined where there is none. A label that
 * cannot be read counts as no label (platform.md "analyzer").
 */
export async function findPrevious(plan: Previous, images: ImageSource, context: Context): Promise<PreviousImage | undefined> {
  const { previousImage } = plan
  const image = await images.find(previousImage ?? familiarName(plan.image), context)
  if (!image) {
    const message = `there is no image '${previousImage}' to take layers over from`
    if (previousImage !== undefined) context.events?.({ type: 'info', message })
    decide(context, { kind: 'previous image', name: previousImage ?? familiarName(plan.image) }, 'not found', 'no image has this name where the new one goes')
    return undefined
  }
  const subject = { kind: 'previous image', name: image.reference } as const
  try {
    const metadata = readMetadata(image)
    const named = previousImage === undefined ? 'it has the name that the new image gets' : '--previous-image names it'
    decide(context, subject, metadata ? 'found' : 'not used', metadata ? named : 'no buildpacks built it: it has no label io.buildpacks.lifecycle.metadata')
    return { image, metadata }
  } catch (error) {
    const message = `nothing is taken over from image '${image.reference}': ${(error as Error).message}`
    context.events?.({ type: 'warning', message })
    decide(context, subject, 'not used', `its label cannot be read: ${(error as Error).message}`)
    return { image, metadata: undefined }
  }
}

/** The label, with integers that JSON.parse would round as they are in it. */
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
 * analyzed.toml for detector, builder and extender: what the stock analyzer writes but for `[metadata]`, which only restorer and
 * exporter read, and they are ours.
 * @throws CnbError CNB_RUN_IMAGE_INVALID when the run image does not say which operating system it is for
 */
export function analyzedToml(plan: Pick<BuildPlan, 'platformApi' | 'runImage'>, previous: PreviousImage | undefined): string {
  const { name, image } = plan.runImage
  const hasTarget = hasFeature(plan.platformApi, 'targets')
  if (hasTarget && image.platform.os === '') {
    throw new CnbError('CNB_RUN_IMAGE_INVALID', `run image '${name}' does not say which operating system it is for`)
  }
  return encodeGoToml({
    image: { reference: previousReference(previous) },
    'run-image': { reference: storeReference(image), ...(hasTarget ? { image: name, target: target(image) } : {}) },
  })
}

/** Empty where the label could not be read: for the lifecycle such an image is not there. */
function previousReference(previous: PreviousImage | undefined): string {
  if (!previous || (!previous.metadata && labelOf(previous.image, LIFECYCLE_METADATA_LABEL) !== '')) return ''
  return storeReference(previous.image)
}

/** How the lifecycle refers to an image on an engine: its ID without the algorithm. */
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
