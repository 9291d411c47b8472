/**
 * Runs detector and builder in separate containers, for builder images without a shell.
 * The containers share a new volume.
 * Without a shell nothing can be removed from a volume, or examined without reading all of it, so no layer is kept for the next
 * build.
 */

import { text } from 'node:stream/consumers'
import { readTar, type TarReadEntry } from '../../../archive/tar/tar-reader.ts'
import type { TarEntry } from '../../../archive/tar/tar-writer.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { escapeId } from '../../../buildpacks/buildpack-descriptor.ts'
import { type Container, OWNER_LABEL } from '../../../docker/engine.ts'
import { detector, LAYERS_DIR, isDetectorVerbose } from '../../phase.ts'
import { layersEntries } from '../../platform-files.ts'
import { runPhase } from '../../run-phase.ts'
import { receivingSecrets } from '../../secrets/secret-input.ts'
import { ContentUploads, damagedContents } from '../content-uploads.ts'
import { buildContainerSpec, fillBuildContainer } from './build-container.ts'
import type { BuilderRun, BuildChange, Detection, FinishedBuild, RunInput } from './builder-run.ts'
import { buildFiles, containerFiles } from '../layers/container-files.ts'
import { filesOfLayers } from './kept-paths.ts'
import { type LayersVolume, createLayersVolume } from './layers-volume.ts'
import { readSurvey } from '../layers-tree.ts'
import type { Restoration } from '../model.ts'

const MAX_FILE = 1024 * 1024
const LIFECYCLE_DIR = '/cnb/lifecycle'

/** Creates and fills the detector's container, with a new volume. @throws CnbError CNB_ENGINE_* */
export async function startSeparateRun(input: RunInput): Promise<BuilderRun> {
  const command = [`${LIFECYCLE_DIR}/detector`, ...detector({ ...input.plan, verbose: isDetectorVerbose(input.plan) }).args]
  const layers = await createLayersVolume(input, { ...receivingSecrets({ command }, input.plan), owner: input.owner })
  try {
    await fillBuildContainer(layers.container, input.plan, [...layersEntries(input.plan), input.analyzed], input.context)
    // Nothing can be removed later, so the layers are read twice.
    return new SeparateRun(layers, input, await damagedContents(input.restoration, input.contents, input.context))
  } catch (error) {
    await layers[Symbol.asyncDispose]()
    throw error
  }
}

class SeparateRun implements BuilderRun {
  readonly restoration: Restoration
  readonly kept = false
  readonly changed: readonly string[]
  readonly #layers: LayersVolume
  readonly #input: RunInput
  #builder: Container | undefined

  constructor(layers: LayersVolume, input: RunInput, damaged: readonly string[]) {
    this.changed = damaged
    this.restoration = input.restoration
    this.#layers = layers
    this.#input = input
  }

  get container(): Container {
    return this.#layers.container
  }

  async detect(): Promise<Detection> {
    const { context, plan } = this.#input
    this.#input.times.push(...(await runPhase(this.container, 'detector', context, plan.secrets)))
    return { group: await readLayersFile(this.container, 'group.toml', context), analyzed: await readLayersFile(this.container, 'analyzed.toml', context) }
  }

  async build(chosen: Restoration, context: Context, { analyzed, extender }: BuildChange = {}): Promise<FinishedBuild> {
    const whole = withoutLayers(chosen, this.changed)
    using uploads = new ContentUploads(whole, this.#input.contents, context)
    const [changed] = await uploads.uploadTo(this.container)
    if (changed !== undefined) throw new CnbError('CNB_RESTORE_FAILED', `cannot restore ${LAYERS_DIR}/${changed}: the cache changed meanwhile`, { hint: 'Build again.' })
    const restored = [...whole.values()].flatMap(({ entries }): readonly TarEntry[] => entries)
    if (extender) {
      const { container, times } = await extender(this.#layers.volume, restored)
      this.#builder = container
      this.#input.times.push(...times)
    } else {
      await this.#runBuilder(analyzed ? [...restored, analyzed] : restored, context)
    }
    const { container } = this
    const { tree } = await readSurvey(entriesOf(await container.getArchive(LAYERS_DIR, context)), `${LAYERS_DIR.slice(1)}/`)
    const { lifecycleFiles } = await readSurvey(lifecycleEntries(entriesOf(await container.getArchive(LIFECYCLE_DIR, context))), './')
    return { tree, lifecycleFiles, fingerprints: new Map(), restored: new Map(), version: '', files: buildFiles({ container: containerFiles(container), extender: this.#builder && containerFiles(this.#builder) }) }
  }

  async #runBuilder(layers: readonly TarEntry[], context: Context): Promise<void> {
    const { engine, plan, owner } = this.#input
    const command = [`${LIFECYCLE_DIR}/builder`, ...detector(plan).args]
    const volumeLabels = { [OWNER_LABEL]: owner }
    const spec = buildContainerSpec(plan, { command, owner, layersVolume: this.#layers.volume, volumeLabels })
    this.#builder = await engine.containers.create(receivingSecrets(spec, plan), context)
    await fillBuildContainer(this.#builder, plan, layers, context)
    this.#input.times.push(...(await runPhase(this.#builder, 'builder', context, plan.secrets)))
  }

  end(): void {}

  leave(): Promise<void> {
    return this[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#builder?.[Symbol.asyncDispose]()
    await this.#layers[Symbol.asyncDispose]()
  }
}

/** Reads a file that a phase wrote; the text of a missing file is empty. @throws CnbError CNB_DETECT_FAILED if it is too large */
export async function readLayersFile(container: Pick<Container, 'getArchive'>, name: string, context: Context): Promise<string> {
  for await (const entry of entriesOf(await container.getArchive(`${LAYERS_DIR}/${name}`, context))) {
    if (entry.type !== 'file') continue
    if (entry.size > MAX_FILE) {
      throw new CnbError('CNB_DETECT_FAILED', `cannot read ${LAYERS_DIR}/${name}: it has ${entry.size} bytes, and the limit is ${MAX_FILE}`)
    }
    // Awaited here, because leaving the loop closes the archive.
    return await text(entry.content)
  }
  return ''
}

/** Returns the restoration without layers, and without their files. @param layers their directories, relative to `/layers` */
function withoutLayers(restoration: Restoration, layers: readonly string[]): Restoration {
  const files = layers.length === 0 ? [] : [...restoration.values()].flatMap(({ entries }) => entries.map(({ name }) => name.toString()))
  const lost = new Set(filesOfLayers(files, layers.map((layer) => `${LAYERS_DIR.slice(1)}/${layer}`)))
  return new Map([...restoration].map(([id, restored]) => [id, {
    ...restored,
    entries: restored.entries.filter(({ name }) => !lost.has(name.toString())),
    kept: restored.kept.filter(({ layer }) => !layers.includes(`${escapeId(id)}/${layer}`)),
  }]))
}

async function* entriesOf(tar: Awaited<ReturnType<Container['getArchive']>>): AsyncGenerator<TarReadEntry> {
  if (tar) yield* readTar(tar)
}

/** Prefixes the names as the survey expects them: an archive's names start with the directory's name. */
async function* lifecycleEntries(entries: AsyncIterable<TarReadEntry>): AsyncGenerator<TarReadEntry> {
  for await (const entry of entries) yield { ...entry, name: Buffer.concat([Buffer.from('/cnb/'), entry.name]) }
}
