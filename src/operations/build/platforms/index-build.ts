/** A build for several platforms: one image for each, and their index under the image's names. */

import { step, type Context } from '../../../base/events.ts'
import { openIndexSinks } from '../../../images/sinks/open-sinks.ts'
import type { BuildPlan } from '../../../lifecycle/lifecycle.ts'
import type { Descriptor } from '../../../oci/descriptor.ts'
import type { Digest } from '../../../oci/digest.ts'
import { formatPlatform } from '../../../oci/platform.ts'
import { familiarName } from '../../../oci/reference.ts'
import { outputReference } from '../../output-reference.ts'
import type { BuildResult } from '../build-result.ts'
import type { Publishing } from '../build-store.ts'

export class IndexBuild {
  readonly #entries: Descriptor[] = []
  #digest: Digest | undefined
  /** Adds the entry of a saved image. */
  readonly addPart = (entry: Descriptor): void => void this.#entries.push(entry)

  /**
   * Builds the images one after the other, and saves the index when all of them are saved.
   * @param plans for at least one platform
   * @param run runs one build, which adds its image with `addPart`
   * @throws CnbError errors of `run` and of the sinks
   */
  async build(plans: readonly BuildPlan[], run: (plan: BuildPlan) => Promise<BuildResult>, { sinks, registries }: Pick<Publishing, 'sinks' | 'registries'>, context: Context): Promise<BuildResult> {
    const images = []
    for (const plan of plans) {
      const platform = formatPlatform(plan.builder.image.platform)
      context.events?.({ type: 'info', message: `building the image for ${platform}` })
      images.push({ platform, ...(await run(plan)) })
    }
    const { image, tags, annotations } = plans[0]!
    const saved = await step(context, `saving the index ${familiarName(image)}`, () =>
      openIndexSinks(sinks, registries).save({ images: this.#entries, tags: [image, ...tags], annotations: annotations?.index }, context))
    this.#digest = saved.manifest?.digest
    return combine(images, saved.id, outputReference(image, saved))
  }

  /** The digest of the index that was saved. */
  get digest(): Digest | undefined {
    return this.#digest
  }

  /** Returns the result for an existing index. @param results of its images, in the order of the plans */
  found(plans: readonly BuildPlan[], results: readonly BuildResult[], index: Digest): BuildResult {
    const ofIndex = (name: string): string => name.replace(/@sha256:[0-9a-f]+$/, `@${index}`)
    const { id, reference } = results[0]!
    return combine(results.map((result, at) => ({ ...result, platform: formatPlatform(plans[at]!.builder.image.platform) })), ofIndex(id), ofIndex(reference))
  }
}

/** Combines the results for the images of an index. */
function combine(images: readonly (BuildResult & { platform: string })[], id: string, reference: string): BuildResult {
  const { platform: _, ...first } = images[0]!
  return {
    ...first,
    id,
    reference,
    runImage: unique(images.map(({ runImage }) => runImage)).join(', '),
    platformApi: unique(images.map(({ platformApi }) => platformApi)).join(', '),
    buildpacks: uniqueBuildpacks(images),
    phases: images.flatMap(({ phases }) => phases),
    images: images.map(({ platform, id: own, reference: name, runImage, platformApi, buildpacks, processes, phases, durationMs }) => ({ platform, id: own, reference: name, runImage, platformApi, buildpacks, processes, phases, durationMs })),
  }
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)]
}

function uniqueBuildpacks(images: readonly Pick<BuildResult, 'buildpacks'>[]): BuildResult['buildpacks'] {
  return [...new Map(images.flatMap(({ buildpacks }) => buildpacks).map((each) => [`${each.id}@${each.version}`, each])).values()]
}
