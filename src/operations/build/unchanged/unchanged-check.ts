/** `--if-changed`: compares the inputs of a build with those of the existing image, and records them. */

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { CnbError } from '../../../base/errors.ts'
import { decide, type Context } from '../../../base/events.ts'
import { measured } from '../../../base/spans.ts'
import type { EngineImageStore } from '../../../images/engine/engine-source.ts'
import { volumeKey } from '../../../lifecycle/cache-volumes.ts'
import type { BuildPlan, BuiltImage, LifecycleResult } from '../../../lifecycle/lifecycle.ts'
import { type Digest, isDigest } from '../../../oci/digest.ts'
import { formatPlatform } from '../../../oci/platform.ts'
import { familiarName } from '../../../oci/reference.ts'
import { type AppDigest, digestApp } from '../../../project/app-digest.ts'
import { cacheDirectory } from '../../../registry/download/cache-directory.ts'
import type { EngineServices } from '../../services.ts'
import type { BuildInput } from '../build-input.ts'
import { isEngineOnly } from '../build-sinks.ts'
import { openCacheImages, type Publishing } from '../build-store.ts'
import { differingInputs, digestInputs, readInputRecord, type RecordedImage, writeInputRecord } from './input-record.ts'
import { incomparableInput, inputsOf } from './plan-inputs.ts'
import { cacheImageRecords, directoryRecords, type RecordStore, volumeRecords } from './record-store.ts'
import { findOnEngine, findSaved, isRecorded, type SavedCopy } from './saved-images.ts'

export interface CheckServices {
  readonly engine: EngineServices['engine']
  readonly host: EngineServices['host']
  readonly images: EngineImageStore
  /** Absent if the build uses the engine only. */
  readonly publishing: Publishing | undefined
}

/** The existing image, in the form of a build's result. */
type FoundImage = Omit<BuiltImage, 'manifest'> & { readonly manifest?: { readonly digest: Digest } }

/** The existing images, in the order of the plans, and the digest of their index. */
interface Found {
  readonly isFound: true
  readonly images: readonly FoundImage[]
  readonly index: Digest | undefined
}

/** A plan and the result of its build. */
interface Build {
  readonly plan: BuildPlan
  readonly result: LifecycleResult
}

/** The inputs of a build, for its record. */
interface Comparison {
  readonly key: string
  readonly inputs: ReadonlyMap<string, string>
  readonly app: AppDigest
}

/** The check of one build; it starts to read the app and the engine's images at once. */
export class UnchangedCheck {
  readonly #input: BuildInput
  readonly #services: CheckServices
  readonly #app: Promise<AppDigest | CnbError>
  readonly #copiesOf: (plan: BuildPlan) => Promise<SavedCopy[]>
  readonly #comparisons = new Map<BuildPlan, Comparison>()

  constructor(input: BuildInput, services: CheckServices, context: Context) {
    this.#input = input
    this.#services = services
    this.#app = this.#readApp(context)
    this.#app.catch(() => {})
    const { publishing, images, engine } = services
    if (publishing && !isEngineOnly(publishing.sinks)) {
      this.#copiesOf = (plan) => findSaved(plan, images, publishing, context)
    } else {
      const copies = findOnEngine(input, engine, context)
      copies.catch(() => {})
      this.#copiesOf = () => copies
    }
  }

  /** Returns the existing images if the inputs of all plans made them; otherwise reports why a build is needed. @param plans one for each platform */
  async find(plans: readonly BuildPlan[], context: Context): Promise<(Found | { readonly isFound: false }) & { readonly reason: string }> {
    const subject = { kind: 'build', name: familiarName(plans[0]!.image) } as const
    const compared = await Promise.all(plans.map((plan) => this.#compare(plan, plans, context)))
    const found = compared.filter((each) => typeof each !== 'string')
    if (found.length === plans.length) {
      const reason = 'its inputs are those that made the image'
      decide(context, subject, 'not needed', reason)
      return { isFound: true, reason, images: found.map(({ image }) => image), index: found[0]?.index }
    }
    const reason = reasonOf(plans, compared)
    decide(context, subject, 'needed', reason)
    context.events?.({ type: 'info', message: `building ${subject.name}: ${reason}` })
    return { isFound: false, reason }
  }

  /**
   * Records the inputs of images that were built. A failure is a warning: the images are complete without the record.
   * @param index the digest of the index of these images
   */
  async record(builds: readonly Build[], index: Digest | undefined, context: Context): Promise<void> {
    const notRecorded = (why: string): void => context.events?.({ type: 'info', message: `the next build with --if-changed builds: ${why}` })
    if (!builds.every(({ plan }) => this.#comparisons.has(plan))) return
    // The search for another run image is not repeated without a build.
    const other = builds.find(({ plan, result }) => result.runImage !== plan.runImage.name)
    if (other) return notRecorded(`an image extension chose the run image '${other.result.runImage}'`)
    const after = await this.#readApp(context)
    for (const build of builds) {
      const { app } = this.#comparisons.get(build.plan)!
      // The build may have read a file between two changes, the second of which restored it.
      if (after instanceof CnbError || after.status !== app.status || after.content !== app.content) return notRecorded('the app changed during this one')
      await this.#write(build, index, context)
    }
  }

  async #write({ plan, result: { image } }: Build, index: Digest | undefined, context: Context): Promise<void> {
    const { key, inputs } = this.#comparisons.get(plan)!
    const recorded = { ...(isDigest(image.id) ? { id: image.id } : {}), ...(image.manifest ? { digest: image.manifest.digest } : {}), ...(index ? { index } : {}) }
    try {
      await this.#store(plan).write(writeInputRecord({ image: recorded, inputs }, key), context)
    } catch (error) {
      context.signal?.throwIfAborted()
      if (!(error instanceof CnbError)) throw error
      context.events?.({ type: 'warning', message: `the image is built, but the next build with --if-changed builds it again: ${error.message}` })
    }
  }

  /** Returns the image, or the reason for a build. */
  async #compare(plan: BuildPlan, plans: readonly BuildPlan[], context: Context): Promise<{ readonly image: FoundImage; readonly index: Digest | undefined } | string> {
    const { host } = this.#services
    const reason = incomparableInput(plan)
    if (reason !== undefined) return reason
    const key = await volumeKey(plan.image, host)
    const [app, text, copies] = await Promise.all([
      this.#app,
      this.#store(plan).read(context),
      this.#copiesOf(plan),
    ])
    if (app instanceof CnbError) return `a file of the app changed while it was read (${app.message})`
    const { lifecycle = 'native', sparse = false } = this.#input.options
    const platforms = plans.length > 1 ? plans.map(platformOf) : undefined
    const inputs = digestInputs(inputsOf(plan, { app: app.content, lifecycle, sparse, platforms }), key)
    this.#comparisons.set(plan, { key, inputs, app })
    const missing = copies.find(({ image }) => !image)
    if (missing) return `${missing.name} does not exist`
    if (text === undefined) return 'no build with --if-changed recorded the inputs of the existing image'
    const record = readInputRecord(text, key)
    if (!record) {
      context.events?.({ type: 'warning', message: 'the record of the inputs is ignored: it is damaged, or has another key' })
      return 'the record of its inputs is damaged, or made with another volume key'
    }
    const other = copies.find((copy) => !isRecorded(copy, record.image))
    if (other) return `${other.name} is not the image of the last build with --if-changed`
    const differing = differingInputs(inputs, record.inputs)
    if (differing.length > 0) return `changed since the existing image: ${differing.join(', ')}`
    return { image: together(copies, record.image), index: record.image.index }
  }

  /** Returns the error if a file changed meanwhile. */
  #readApp(context: Context): Promise<AppDigest | CnbError> {
    const { app, project } = this.#input
    const cacheFile = join(cacheDirectory(this.#services.host), 'stat', createHash('sha256').update(app.path).digest('hex'))
    return measured(context, "comparing the app's files", () => digestApp({ app, filter: project?.descriptor ?? {}, cacheFile, ...context })).catch((error: unknown) => {
      if (error instanceof CnbError && error.code === 'CNB_APP_CHANGED') return error
      throw error
    })
  }

  #store(plan: BuildPlan): RecordStore {
    const { publishing, engine } = this.#services
    if (plan.cacheImage && publishing) return cacheImageRecords(openCacheImages(publishing, plan.builder.image.platform), plan.cacheImage)
    return plan.cacheDirectory === undefined ? volumeRecords(engine.volumes, plan.cacheVolumes.inputs) : directoryRecords(plan.cacheDirectory)
  }
}

/** Returns the first copy with the digests of all, as a sink for several places does. */
function together(copies: readonly SavedCopy[], { digest }: RecordedImage): FoundImage {
  const { id, image } = copies[0]!
  return {
    id,
    repoDigests: [...new Set(copies.flatMap((copy) => copy.image?.repoDigests ?? []))],
    config: image!.config,
    ...(digest ? { manifest: { digest } } : {}),
  }
}

function platformOf({ platform, builder }: BuildPlan): string {
  return formatPlatform(platform ?? builder.image.platform)
}

/** Combines the reasons for a build; a reason of some of several platforms has their names. */
function reasonOf(plans: readonly BuildPlan[], compared: readonly unknown[]): string {
  const reasons = new Set(compared.filter((each) => typeof each === 'string'))
  const platformsOf = (reason: string): string => plans.filter((_, at) => compared[at] === reason).map(platformOf).join(', ')
  return [...reasons].map((reason) => (compared.every((each) => each === reason) ? reason : `${reason} (${platformsOf(reason)})`)).join('; ')
}

/** Returns the error for options that cannot be combined with --if-changed, if there are any. */
export function uncheckable({ sbomOutputDir, reportOutputDir }: BuildInput['options']): CnbError | undefined {
  if (sbomOutputDir !== undefined) return unsupported('--sbom-output-dir', 'only a build writes its files')
  return reportOutputDir === undefined ? undefined : unsupported('--report-output-dir', 'only a build writes its file')
}

function unsupported(option: string, why: string): CnbError {
  return new CnbError('CNB_UNSUPPORTED', `cannot use --if-changed with ${option}: ${why}`, { hint: 'Omit one of them.' })
}
