/** `cnb rebase` on the engine: moves an app's layers to a new run image without a build. */

import { resolve } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import { decide, step, type Context } from '../../base/events.ts'
import { engineManifestSize } from '../../images/engine/engine-manifest.ts'
import { openEngineImages } from '../../images/engine/engine-source.ts'
import type { Image, ImageSink, ImageSource } from '../../images/image.ts'
import { readLifecycleMetadata } from '../../images/labels/lifecycle-metadata.ts'
import { checkComplete, decidePullPolicy, findImage, type FindImageServices, type PullPolicy } from '../../images/find/find-image.ts'
import { planRebase, UNCHANGED } from '../../images/rebase/rebase-plan.ts'
import { chooseRunImage } from '../../images/find/run-image.ts'
import { familiarName, formatReference, type Reference } from '../../oci/reference.ts'
import { readConfig } from '../config/config-file.ts'
import type { Config } from '../config/config.ts'
import { declaredName, withConfiguredMirrors } from '../config/configured-mirrors.ts'
import { outputReference } from '../output-reference.ts'
import { writeReport } from './rebase-report.ts'
import { parseTarget, type RebaseResult } from './rebase-result.ts'
import { chooseMirrors, type RegistryOptions } from '../config/registry-settings.ts'
import type { EngineServices } from '../services.ts'

export interface RebaseOptions extends Pick<RegistryOptions, 'registryMirrors'> {
  readonly image: string
  readonly runImage?: string
  /** The source of the app layers; default: `image`. */
  readonly previousImage?: string
  readonly force?: boolean
  readonly pullPolicy?: PullPolicy
  readonly reportOutputDir?: string
  /** Reports the changes without storing them. */
  readonly dryRun?: boolean
}

/**
 * Rebases an image on the engine. Never pulls the app image: the user means the engine's copy.
 * @throws CnbError CNB_NOT_REBASABLE, CNB_IMAGE_NOT_FOUND, CNB_IMAGE_INVALID, CNB_PULL_FAILED, CNB_OUTPUT, CNB_ENGINE_*
 */
export async function rebase(options: RebaseOptions, services: EngineServices, context: Context): Promise<RebaseResult> {
  const start = performance.now()
  const { engine, credentials, host } = services
  const target = parseTarget(options.image)
  await using images = openEngineImages(engine, services.owner)
  const config = await readConfig(host, context)
  const pullPolicy = decidePullPolicy(options.pullPolicy, config, context)
  const app = await findApp(options.previousImage ?? options.image, images, context)
  const runImage = await findRunImage({ ...options, pullPolicy }, app, target, { engine, credentials, images, config, mirrors: chooseMirrors(options, config) }, context)
  const runImageName = declaredName(runImage.name, readLifecycleMetadata(app)?.knownRunImages ?? [], config)
  const plan = planRebase({ app, runImage: runImage.image, runImageName, force: options.force ?? false })
  decide(context, { kind: 'rebase', name: familiarName(target) }, plan.changed ? 'needed' : 'not needed', plan.reason ?? UNCHANGED)
  for (const rule of plan.warnings) context.events?.({ type: 'warning', message: `rebasing by force, although ${rule}` })

  const result = (image: Image): RebaseResult => ({
    image: familiarName(target),
    id: image.id,
    reference: outputReference(target, image),
    runImage: runImage.name,
    previousRunImage: plan.previousRunImage,
    changed: plan.changed,
    ...(plan.reason === undefined ? {} : { reason: plan.reason }),
    durationMs: performance.now() - start,
  })
  if (options.dryRun) return result(app)
  const { id } = await step(context, `rebasing ${familiarName(target)} on ${runImage.name}`, async () => {
    const { config, layers } = plan
    if (plan.changed) return images.save({ base: runImage.image, previous: app, config, layers, tags: [target] }, context)
    await engine.images.tag(app.id, formatReference(target), context)
    return app
  })
  if (options.reportOutputDir !== undefined) {
    const manifest = { size: engineManifestSize(plan.changed ? plan : app) }
    await writeReport(resolve(host.cwd, options.reportOutputDir), { tags: [familiarName(target)], id, manifest })
  }
  return { ...result(await savedImage(images, target, context)), id }
}

async function findApp(name: string, images: ImageSource, context: Context): Promise<Image> {
  const app = await images.find(name, context)
  if (app) {
    checkComplete(app)
    return app
  }
  throw new CnbError('CNB_IMAGE_NOT_FOUND', `the engine has no image '${name}'`, {
    hint: `Build the image, or run 'docker pull ${name}'.`,
  })
}

/**
 * Finds the run image: the user's, or the first available one of those in the app's label.
 * @throws CnbError CNB_NOT_REBASABLE if the label has none, and the errors of findImage
 */
async function findRunImage(
  { runImage, pullPolicy }: RebaseOptions & { readonly pullPolicy: PullPolicy },
  app: Image,
  target: Reference,
  services: FindImageServices & { images: ImageSource; config: Config },
  context: Context,
): Promise<{ name: string; image: Image }> {
  const find = (name: string): Promise<Image> =>
    findImage(name, pullPolicy, { ...services, platform: app.platform }, context).catch(async (error: unknown) => {
      if (!(error instanceof CnbError) || error.code !== 'CNB_PLATFORM_MISMATCH') throw error
      // planRebase checks the platform, and --force can override its rule.
      const other = await services.images.find(name, context)
      if (other) return other
      throw error
    })
  if (runImage !== undefined) {
    decide(context, { kind: 'run image', name: runImage }, 'chosen', '--run-image selects it')
    return { name: runImage, image: await find(runImage) }
  }
  const declared = readLifecycleMetadata(app)?.runImage
  const isPresent = async (name: string): Promise<boolean> => (await services.engine.images.inspect(name, context)) !== undefined
  const choice = declared && { names: withConfiguredMirrors(declared, services.config), declaredBy: "the app's label", registry: target.registry, isPresent, find }
  const found = choice && (await chooseRunImage(choice, context))
  if (found) return found
  throw new CnbError('CNB_NOT_REBASABLE', `cannot determine the run image of image '${app.reference}': its labels contain none`, {
    hint: 'Specify one with --run-image, and add --force to record it; only images that buildpacks built can be rebased.',
  })
}

async function savedImage(images: ImageSource & ImageSink, target: Reference, context: Context): Promise<Image> {
  const image = await images.find(formatReference(target), context)
  if (image) return image
  throw new CnbError('CNB_ENGINE_FAILED', `image '${familiarName(target)}' was saved, but the engine no longer has it`)
}
