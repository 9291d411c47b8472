/** `cnb build`: from a directory to an image. */

import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { formatApiVersion } from '../formats/versions.ts'
import { readBuildMetadata } from '../images/build-metadata.ts'
import type { PullPolicy } from '../images/pull.ts'
import type { BuildPlan } from '../lifecycle/lifecycle.ts'
import { stockLifecycle } from '../lifecycle/stock/stock-lifecycle.ts'
import { familiarName } from '../oci/reference.ts'
import { planBuild } from './build-plan.ts'
import { outputReference } from './output-reference.ts'
import type { Services } from './services.ts'

export interface BuildOptions {
  /** The image's name, as typed. */
  image: string
  /** App directory; the working directory when absent. */
  path?: string
  builder?: string
  runImage?: string
  /** More names for the image. */
  tags?: string[]
  /** `NAME=value`, or `NAME` for the host's value. */
  env?: string[]
  envFiles?: string[]
  /** Replaces the builder's order: `id`, `id@version`, a directory, a tar. */
  buildpacks?: string[]
  defaultProcess?: string
  network?: string
  /** `host:target[:ro|rw]`; read-only unless said otherwise. */
  volumes?: string[]
  pullPolicy?: PullPolicy
  clearCache?: boolean
  trustBuilder?: boolean
  /** Seconds since 1970, an ISO 8601 date, or `now`. */
  creationTime?: string
  previousImage?: string
  sbomOutputDir?: string
  reportOutputDir?: string
  /** PEM files. */
  caCerts?: string[]
  /** project.toml; `<path>/project.toml` when absent and there is one. */
  descriptor?: string
  /** Where the phases find the engine: an address as the engine's own host sees it, or `inherit`. */
  dockerHost?: string
  /** `os/arch[/variant]` of builder and run image. */
  platform?: string
  verbose?: boolean
}

/** What `cnb build --output json` prints. */
export interface BuildResult {
  image: string
  tags: string[]
  /** The image ID on the engine. */
  id: string
  /** `name@digest`, what --quiet prints; on a graph-driver engine the digest is the image ID. */
  reference: string
  builder: string
  runImage: string
  platformApi: string
  buildpacks: { id: string; version: string }[]
  phases: { phase: string; durationMs: number }[]
  durationMs: number
}

/** @throws CnbError of nearly every code; what is wrong with the input is found before anything is made on the engine */
export async function build(options: BuildOptions, services: Services, context: Context): Promise<BuildResult> {
  const start = performance.now()
  const plan = await planBuild(options, services, context)
  const { engine, owner, host } = services
  const { phases } = await stockLifecycle({ engine, owner, home: host.home }).run(plan, context)
  return {
    ...(await describeImage(plan, services, context)),
    builder: plan.builder.image.reference,
    runImage: plan.runImage.name,
    platformApi: formatApiVersion(plan.platformApi),
    phases: [...phases],
    durationMs: performance.now() - start,
  }
}

async function describeImage(plan: BuildPlan, { engine }: Services, context: Context) {
  const name = familiarName(plan.image)
  const image = await engine.images.inspect(name, context)
  if (!image) throw new CnbError('CNB_EXPORT_FAILED', `the exporter ended well, but the engine has no image '${name}'`)
  const metadata = readBuildMetadata({ reference: name, labels: image.config.Labels ?? {} })
  return {
    image: name,
    tags: plan.tags.map(familiarName),
    id: image.id,
    reference: outputReference(plan.image, image),
    buildpacks: (metadata?.buildpacks ?? []).map(({ id, version }) => ({ id, version })),
  }
}
