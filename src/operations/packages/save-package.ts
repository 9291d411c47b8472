/** Saves the images of a package: one image, several files, or an index of images. */

import { CnbError } from '../../base/errors.ts'
import { step, type Context } from '../../base/events.ts'
import type { BuildTarget } from '../../buildpacks/buildpack-descriptor.ts'
import { saveIndexPart } from '../../images/index/image-index.ts'
import type { ImagePlan, SavedImage } from '../../images/image.ts'
import { openSinks } from '../../images/sinks/open-sinks.ts'
import type { Sink, SinkServices } from '../../images/sinks/sink.ts'
import { targetName } from './package-targets.ts'

/** The image of one target, to save. */
export interface TargetPlan {
  readonly target: BuildTarget
  readonly plan: ImagePlan
}

/** An image of a saved package. */
interface SavedTarget {
  readonly target: BuildTarget
  readonly saved: Pick<SavedImage, 'id' | 'manifest'>
}

/** A saved package: the image or index under its names, and the images of its targets. */
export interface SavedPackage {
  readonly whole: SavedImage
  readonly images: readonly SavedTarget[]
}

/**
 * Saves the images in all sinks; those of several targets as an index.
 * @param suffixes whether each image of an index also has names, with the platform
 * @throws CnbError CNB_USAGE for several targets in a sink without indexes, and errors of the sinks
 */
export async function savePackage(plans: readonly TargetPlan[], sinks: readonly Sink[], services: SinkServices, suffixes: boolean, context: Context): Promise<SavedPackage> {
  const { blobs, published } = services
  const open = (wanted: readonly Sink[]) => openSinks(wanted.map((sink) => ({ sink, images: sink.open(services) })), blobs, published)
  const [only, ...more] = plans
  if (!only) throw new CnbError('CNB_INTERNAL', 'a package without a target')
  if (more.length === 0) {
    const saved = await step(context, 'saving the package', () => open(sinks).save(only.plan, context))
    return { whole: saved, images: [{ target: only.target, saved }] }
  }
  const unfit = sinks.find(({ openIndexes }) => openIndexes === undefined)
  if (unfit) {
    throw new CnbError('CNB_USAGE', `cannot save a package for several targets to '${unfit.place}' together with other places`, { hint: 'Use one --target, or save it there in a separate run.' })
  }
  const packages: SavedPackage[] = []
  for (const sink of sinks) {
    packages.push(await step(context, `saving the packages to ${sink.place}`, async () => {
      const images = []
      for (const { target, plan } of plans) {
        images.push({ target, entry: await saveIndexPart(open([sink]), plan, suffixes ? targetName(target, true) : undefined, context) })
      }
      const index = { images: images.map(({ entry }) => entry), tags: only.plan.tags }
      const whole = await sink.openIndexes!(services).save(index, context)
      const place = whole.id.slice(0, whole.id.lastIndexOf('@'))
      return { whole, images: images.map(({ target, entry }) => ({ target, saved: { id: `${place}@${entry.digest}`, manifest: entry } })) }
    }))
  }
  return packages[0]!
}
