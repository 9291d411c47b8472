/** A build for several platforms: one image for each, and their index under the image's names. */

import { join } from 'node:path'
import { step, type Context } from '../../../base/events.ts'
import { platformSuffix } from '../../../images/index/image-index.ts'
import { checkIndexSinks, openIndexSinks } from '../../../images/sinks/open-sinks.ts'
import type { Sink } from '../../../images/sinks/sink.ts'
import type { BuildPlan } from '../../../lifecycle/lifecycle.ts'
import type { Descriptor } from '../../../oci/descriptor.ts'
import { formatPlatform } from '../../../oci/platform.ts'
import { familiarName } from '../../../oci/reference.ts'
import type { Registries } from '../../../registry/registry.ts'
import { outputReference } from '../../output-reference.ts'
import type { PlatformBuildOptions } from '../build-options.ts'
import type { BuildResult } from '../build-result.ts'
import { parsePlatform } from '../build-values.ts'

export class IndexBuild {
  readonly #sinks: readonly Sink[]
  readonly #registries: Registries | undefined
  readonly #entries: Descriptor[] = []
  /** Adds the entry of a saved image. */
  readonly addPart = (entry: Descriptor): void => void this.#entries.push(entry)

  /**
   * @param registries undefined if all sinks are the engine
   * @throws CnbError CNB_USAGE if a sink cannot store an index
   */
  constructor(sinks: readonly Sink[], registries: Registries | undefined) {
    checkIndexSinks(sinks)
    this.#sinks = sinks
    this.#registries = registries
  }

  /** Returns the options for one platform: with a directory for its files, in those of the user. */
  optionsFor(options: PlatformBuildOptions, platform: string): PlatformBuildOptions {
    const directory = platformSuffix(parsePlatform(platform))
    const inside = (path: string | undefined) => path && join(path, directory)
    const { sbomOutputDir, reportOutputDir } = options
    return { ...options, platform, part: true, sbomOutputDir: inside(sbomOutputDir), reportOutputDir: inside(reportOutputDir) }
  }

  /**
   * Builds the images one after the other, and saves the index when all of them are saved.
   * @param run runs one build, which adds its image with `addPart`
   * @throws CnbError errors of `run` and of the sinks
   */
  async build(plans: readonly [BuildPlan, ...BuildPlan[]], run: (plan: BuildPlan) => Promise<BuildResult>, context: Context): Promise<BuildResult> {
    const images = []
    for (const plan of plans) {
      const platform = formatPlatform(plan.builder.image.platform)
      context.events?.({ type: 'info', message: `building the image for ${platform}` })
      images.push({ platform, ...(await run(plan)) })
    }
    const [{ image, tags }] = plans
    const saved = await step(context, `saving the index ${familiarName(image)}`, () =>
      openIndexSinks(this.#sinks, this.#registries!).save({ images: this.#entries, tags: [image, ...tags] }, context))
    const [first] = images as [(typeof images)[number]]
    return {
      ...first,
      id: saved.id,
      reference: outputReference(image, saved),
      runImage: unique(images.map(({ runImage }) => runImage)).join(', '),
      platformApi: unique(images.map(({ platformApi }) => platformApi)).join(', '),
      buildpacks: uniqueBuildpacks(images),
      phases: images.flatMap(({ phases }) => phases),
      images: images.map(({ platform, id, reference, runImage, platformApi, buildpacks, processes, phases, durationMs }) => ({ platform, id, reference, runImage, platformApi, buildpacks, processes, phases, durationMs })),
    }
  }
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)]
}

function uniqueBuildpacks(images: readonly Pick<BuildResult, 'buildpacks'>[]): BuildResult['buildpacks'] {
  return [...new Map(images.flatMap(({ buildpacks }) => buildpacks).map((each) => [`${each.id}@${each.version}`, each])).values()]
}
