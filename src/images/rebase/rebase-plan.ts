/** Plans the rebase of an app to another run image (platform.md "Rebase", lifecycle phase/rebaser.go). */

import { CnbError } from '../../base/errors.ts'
import type { HistoryEntry, ImageConfig } from '../../oci/config.ts'
import { CONSTANT_TIME } from '../../oci/constant-time.ts'
import { hexOf, isDigest, type Digest } from '../../oci/digest.ts'
import type { Image, Layer } from '../image.ts'
import { labelOf } from '../labels/read-labels.ts'
import { LIFECYCLE_METADATA_LABEL } from '../labels/label-names.ts'
import { readLifecycleMetadata, withRunImage, type LifecycleMetadata } from '../labels/lifecycle-metadata.ts'
import { topLayerIndex } from '../labels/top-layer.ts'
import { checkRebase, type RebaseRequest } from './rebase-rules.ts'

/** The reason for an unchanged app. */
export const UNCHANGED = 'its base layers, labels and platform are already those of the run image'

export interface RebasePlan {
  readonly config: ImageConfig
  readonly layers: readonly Layer[]
  /** False if the app is already based on exactly this run image. */
  readonly changed: boolean
  /** The reason for a change; undefined without one. */
  readonly reason?: string
  /** The old base: its first name in the label, or else its reference. */
  readonly previousRunImage: string
  readonly warnings: readonly string[]
}

/**
 * Plans the rebased image: the new run image's layers and platform, with the app's layers and configuration.
 * @throws CnbError CNB_NOT_REBASABLE with the violated rules; CNB_IMAGE_INVALID, CNB_RUN_IMAGE_INVALID
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

/** The error for an image that was not built by a lifecycle. */
export class NotAnAppImage extends CnbError {
  constructor(reference: string, why = `it has no label ${LIFECYCLE_METADATA_LABEL}`) {
    super('CNB_NOT_REBASABLE', `image '${reference}' was not built by a lifecycle: ${why}`, {
      hint: 'Rebase only app images that were built with buildpacks; --force does not help.',
    })
  }
}

/** Reads the app's label. @throws NoAppImage; CnbError CNB_IMAGE_INVALID for a malformed label */
export function appMetadata(app: Image): LifecycleMetadata {
  const metadata = readLifecycleMetadata(app)
  if (metadata) return metadata
  throw new NotAnAppImage(app.reference)
}

/** Returns the lifecycle's reference to an image: on an engine its ID without the algorithm. */
function storeReference(runImage: Image): string {
  return isDigest(runImage.id) ? hexOf(runImage.id) : runImage.id
}

/** Returns the layers above the old base. */
function layersOfApp(app: Image, metadata: LifecycleMetadata): readonly Layer[] {
  const index = topLayerIndex(app.layers.map(({ diffId }) => diffId), metadata)
  if (index < 0) {
    throw new CnbError(
      'CNB_NOT_REBASABLE',
      `image '${app.reference}' does not contain the run image's top layer of its label, '${metadata.topLayer}'`,
      { hint: 'Build the app again; --force does not help.' },
    )
  }
  return app.layers.slice(index + 1)
}

/** Returns the app's labels; labels about the base come from the new one. */
function syncedLabels(app: Image, runImage: Image): Record<string, string> {
  const ofBase = ([name]: [string, string]): boolean => name.startsWith('io.buildpacks.stack.') || name.startsWith('io.buildpacks.base.')
  return Object.fromEntries([
    ...Object.entries(app.labels).filter((label) => !ofBase(label)),
    ...Object.entries(runImage.labels).filter(ofBase),
  ])
}

/**
 * Returns a configuration with the app's container settings and the new base's platform. As in the lifecycle's rebaser, the history has
 * one entry with only the constant time for each layer, and the author is removed: on a graph-driver engine, both result in the same
 * image ID.
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

/** Returns the reason why `config` differs from the app's. */
function reasonOf({ rootfs }: ImageConfig, { app, runImage, runImageName }: RebaseRequest, isNewName: boolean): string {
  const present = new Set(app.layers.map(({ diffId }) => diffId))
  const fresh = runImage.layers.filter(({ diffId }) => !present.has(diffId)).length
  if (fresh > 0) return `${fresh} of ${runImage.layers.length} layers of '${runImageName}' are new`
  const same = JSON.stringify(rootfs.diff_ids) === JSON.stringify(app.config.rootfs.diff_ids)
  if (!same) return `'${runImageName}' has fewer layers`
  return isNewName ? `'${runImageName}' is a new name for the same layers` : `'${runImageName}' has the same layers, but other labels`
}

/** Whether two configurations have the same layers, labels and platform: the properties that a rebase changes on purpose. */
function sameContent(a: ImageConfig, b: ImageConfig): boolean {
  const essence = ({ config, rootfs, os, architecture, variant, ...rest }: ImageConfig): string =>
    JSON.stringify([rootfs.diff_ids, Object.entries(config.Labels ?? {}).sort(), os, architecture, variant ?? '', rest['os.version'] ?? ''])
  return essence(a) === essence(b)
}
