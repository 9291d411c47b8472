/** What an app becomes on another run image: rules, refusals and result (platform.md "Rebase", lifecycle phase/rebaser.go). */

import { CnbError } from '../../base/errors.ts'
import type { HistoryEntry, ImageConfig } from '../../oci/config.ts'
import { CONSTANT_TIME } from '../../oci/constant-time.ts'
import { hexOf, isDigest, type Digest } from '../../oci/digest.ts'
import type { Image, Layer } from '../image.ts'
import { labelOf } from '../labels/read-labels.ts'
import { LIFECYCLE_METADATA_LABEL } from '../labels/labels.ts'
import { readLifecycleMetadata, withRunImage, type LifecycleMetadata } from '../labels/lifecycle-metadata.ts'
import { checkRebase, type RebaseRequest } from './rebase-rules.ts'

/** Why an app stays as it is. */
export const UNCHANGED = 'its layers, labels and platform already are those of the run image'

export interface RebasePlan {
  readonly config: ImageConfig
  readonly layers: readonly Layer[]
  /** False when the app already stands on exactly this run image. */
  readonly changed: boolean
  /** Why it does not, in words. */
  readonly reason?: string
  /** The old base: its first name in the label, else its reference. */
  readonly previousRunImage: string
  readonly warnings: readonly string[]
}

/**
 * The rebased image: the new run image's layers and platform under the app's layers and config.
 * @throws CnbError CNB_NOT_REBASABLE naming the rule; CNB_IMAGE_INVALID, CNB_RUN_IMAGE_INVALID
 */
export function planRebase(request: RebaseRequest): RebasePlan {
  const { app, runImage, runImageName } = request
  const metadata = appMetadata(app)
  const newTop = runImage.layers.at(-1)
  if (!newTop) throw new CnbError('CNB_RUN_IMAGE_INVALID', `run image '${runImageName}' has no layers`)
  const appLayers = layersOfApp(app, metadata)
  const { warnings, replaceName } = checkRebase(request, metadata)

  const label = withRunImage(labelOf(app, LIFECYCLE_METADATA_LABEL), {
    topLayer: newTop.diffId,
    reference: storeReference(runImage),
    ...(replaceName ? { name: runImageName } : {}),
  })
  const layers = [...runImage.layers, ...appLayers]
  const config = rebasedConfig(app, runImage, layers, { ...syncedLabels(app, runImage), [LIFECYCLE_METADATA_LABEL]: label })
  return {
    config,
    layers,
    ...(sameContent(config, app.config) ? { changed: false } : { changed: true, reason: reasonOf(config, request, replaceName) }),
    previousRunImage: metadata.runImage?.image ?? metadata.reference,
    warnings,
  }
}

/** An image that no lifecycle made. */
export class NoAppImage extends CnbError {
  constructor(reference: string, why = `it has no label ${LIFECYCLE_METADATA_LABEL}`) {
    super('CNB_NOT_REBASABLE', `image '${reference}' was not made by a lifecycle: ${why}`, {
      hint: 'Only an app image built with buildpacks can be rebased; --force does not help.',
    })
  }
}

/** What the app's label says. @throws NoAppImage; CnbError CNB_IMAGE_INVALID when it is malformed */
export function appMetadata(app: Image): LifecycleMetadata {
  const metadata = readLifecycleMetadata(app)
  if (metadata) return metadata
  throw new NoAppImage(app.reference)
}

/** How the lifecycle refers to an image on an engine: its ID without the algorithm. */
function storeReference(runImage: Image): string {
  return isDigest(runImage.id) ? hexOf(runImage.id) : runImage.id
}

/** The layers above the old base. */
function layersOfApp(app: Image, metadata: LifecycleMetadata): readonly Layer[] {
  const index = topLayerIndex(app.layers.map(({ diffId }) => diffId), metadata)
  if (index < 0) {
    throw new CnbError(
      'CNB_NOT_REBASABLE',
      `image '${app.reference}' does not contain the top layer of its run image that its label names ('${metadata.topLayer}')`,
      { hint: 'Build the app again; --force does not help.' },
    )
  }
  return app.layers.slice(index + 1)
}

/**
 * Where the old base ends, or -1. Empty layers have the same diffID wherever they stand, so that the top layer's may occur
 * again below it or among the app's: it is the last occurrence with no layer of the app at or under it.
 */
export function topLayerIndex(diffIds: readonly string[], metadata: LifecycleMetadata): number {
  const { topLayer } = metadata
  const own = new Set([
    ...metadata.buildpacks.flatMap(({ layers }) => [...layers.values()].filter(({ launch }) => launch).map(({ sha }) => sha)),
    ...metadata.app,
    ...[metadata.sbom, metadata.launcher, metadata.config, metadata.processTypes],
  ])
  own.delete(topLayer)
  const firstOwn = diffIds.findIndex((diffId) => own.has(diffId))
  return firstOwn > 0 ? Math.max(diffIds.lastIndexOf(topLayer, firstOwn - 1), diffIds.indexOf(topLayer)) : diffIds.indexOf(topLayer)
}

/** The app's labels, with those that describe the base taken from the new one. */
function syncedLabels(app: Image, runImage: Image): Record<string, string> {
  const ofBase = ([name]: [string, string]): boolean => name.startsWith('io.buildpacks.stack.') || name.startsWith('io.buildpacks.base.')
  return Object.fromEntries([
    ...Object.entries(app.labels).filter((label) => !ofBase(label)),
    ...Object.entries(runImage.labels).filter(ofBase),
  ])
}

/**
 * The app's container settings on the new base's platform. History is blanked but for the constant time, one entry for each
 * layer, and the author dropped, as the lifecycle's rebaser does: on a graph-driver engine both then give the same image ID.
 */
function rebasedConfig(app: Image, runImage: Image, layers: readonly Layer[], labels: Record<string, string>): ImageConfig {
  const { os, architecture, variant } = runImage.platform
  const osVersion = runImage.config['os.version']
  return {
    architecture,
    os,
    ...(variant ? { variant } : {}),
    ...(osVersion ? { 'os.version': osVersion } : {}),
    created: CONSTANT_TIME,
    config: { ...app.config.config, Labels: labels },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }): Digest => diffId) },
    history: layers.map((): HistoryEntry => ({ created: CONSTANT_TIME })),
  }
}

/** Why `config` is another than the app's. */
function reasonOf({ rootfs }: ImageConfig, { app, runImage, runImageName }: RebaseRequest, isNewName: boolean): string {
  const present = new Set(app.layers.map(({ diffId }) => diffId))
  const fresh = runImage.layers.filter(({ diffId }) => !present.has(diffId)).length
  if (fresh > 0) return `${fresh} of ${runImage.layers.length} layers of '${runImageName}' are new`
  const same = JSON.stringify(rootfs.diff_ids) === JSON.stringify(app.config.rootfs.diff_ids)
  if (!same) return `'${runImageName}' has fewer layers`
  return isNewName ? `'${runImageName}' is a new name for the same layers` : `'${runImageName}' has other labels, and the same layers`
}

/** Whether two configs differ in nothing that a rebase changes on purpose: layers, labels, platform. */
function sameContent(a: ImageConfig, b: ImageConfig): boolean {
  const essence = ({ config, rootfs, os, architecture, variant, ...rest }: ImageConfig): string =>
    JSON.stringify([rootfs.diff_ids, Object.entries(config.Labels ?? {}).sort(), os, architecture, variant ?? '', rest['os.version'] ?? ''])
  return essence(a) === essence(b)
}
