/** Runs detector and builder in one container, with the session script: requires a shell and GNU tools. */

import { Readable } from 'node:stream'
import { readTar } from '../../../archive/tar/tar-reader.ts'
import { packTar, type TarEntry } from '../../../archive/tar/tar-writer.ts'
import type { Context } from '../../../base/events.ts'
import { measured } from '../../../base/spans.ts'
import { escapeId } from '../../../buildpacks/buildpack-descriptor.ts'
import type { Container } from '../../../docker/engine.ts'
import type { PhaseTime } from '../../lifecycle.ts'
import type { Secret } from '../../../project/secret.ts'
import { LAYERS_DIR } from '../../phase.ts'
import { layersEntries } from '../../platform-files.ts'
import { ContentUploads } from '../content-uploads.ts'
import { fillBuildContainer } from './build-container.ts'
import type { BuilderRun, BuildChange, Detection, FinishedBuild, RunInput } from './builder-run.ts'
import { type SentApp, sendLargeApp } from '../app/send-app.ts'
import { readAhead, type TarsAhead } from './read-ahead.ts'
import { buildFiles, containerFiles } from '../layers/container-files.ts'
import { filesOfLayers } from './kept-paths.ts'
import type { LayersVolume } from './layers-volume.ts'
import { layerDirectories, readSurvey } from '../layers-tree.ts'
import type { Restoration } from '../model.ts'
import { keepContainer } from './keep-container.ts'
import { disposeOf, type PendingRun, startRun, type StartedRun } from './pending-run.ts'
import type { BuildSession, PrepareFailure } from './session/build-session.ts'
import { sessionFiles } from './session-files.ts'

/**
 * Fills the container and clears `/layers`. If it cannot continue, it removes everything and returns the reason.
 * @param commenced the container, if it is already being started; otherwise it is started now
 * @throws CnbError CNB_ENGINE_*, CNB_RESTORE_FAILED, CNB_PHASE_FAILED
 */
export async function startScriptedRun(input: RunInput, commenced?: PendingRun): Promise<BuilderRun | PrepareFailure> {
  using uploads = new ContentUploads(input.restoration, input.contents, input.context)
  await using ahead = readAhead(input.plan.buildpacks.map(({ layer }) => layer), input.context)
  const begun = (await commenced?.take(input.plan)) ?? (await startRun(input))
  const { layers, session } = begun
  try {
    const prepared = begun.hasShell ? await prepare(begun, ahead, input) : 'missing'
    if (typeof prepared !== 'string') {
      return new ScriptedRun(layers, session, await restoreContents(uploads, begun, prepared, input), input)
    }
    await disposeOf(begun)
    return prepared
  } catch (error) {
    await disposeOf(begun)
    throw error
  }
}

/** The container's `/layers` and app, ready for the detector. */
interface Prepared {
  /** The directories that were removed because their fingerprint differs. */
  readonly changed: readonly string[]
  readonly app: SentApp | undefined
}

async function prepare({ layers, session }: StartedRun, { tars }: TarsAhead, input: RunInput): Promise<Prepared | PrepareFailure> {
  const { plan, restoration, analyzed, appDirectory, knownApp: known, knownTree, context } = input
  const entries = [...layersEntries(plan), analyzed, ...[...restoration.values()].flatMap(({ entries }) => entries)]
  const fill = (): Promise<void> => fillBuildContainer(layers.container, plan, entries, context, { tars, appDirectory })
  const expected = { paths: [...uploaded(entries), ...keptPaths(restoration)], fingerprints: keptFingerprints(restoration) }
  const changed = await measured(context, 'clearing /layers', () => session.prepare(expected, fill))
  if (typeof changed === 'string') return changed
  if (!appDirectory) return { changed, app: undefined }
  const app = await sendLargeApp({ session: session.app, container: layers.container, plan, volume: layers.app, known, knownTree }, context)
  return app === 'unclean' ? 'unclean app' : { changed, app }
}

interface ReadyRun extends Prepared, Pick<FinishedBuild, 'restored'> {}

/** Uploads layers that the volume lacks, and takes their fingerprints before code of a buildpack can change them. */
async function restoreContents(uploads: ContentUploads, { layers, session }: StartedRun, { changed, app }: Prepared, { restoration }: RunInput): Promise<ReadyRun> {
  const { directories } = uploads
  if (directories.length === 0) return { changed, app, restored: new Map() }
  const damaged = await uploads.uploadTo(layers.container)
  const files = uploaded([...restoration.values()].flatMap(({ entries }) => entries))
  const whole = directories.filter((directory) => !damaged.includes(directory))
  return { changed: [...changed, ...damaged], app, restored: await session.restored(whole, [...damaged, ...filesOfLayers(files, damaged)]) }
}

class ScriptedRun implements BuilderRun {
  readonly restoration: Restoration
  readonly kept: boolean
  readonly changed: readonly string[]
  readonly #restored: ReadonlyMap<string, string>
  readonly #layers: LayersVolume
  readonly #session: BuildSession
  readonly #times: PhaseTime[]
  readonly #knownVersion: string | undefined
  readonly #app: SentApp | undefined
  readonly #secrets: readonly Secret[]
  readonly #input: RunInput
  #extender: Container | undefined
  #hasFailed = false

  constructor(layers: LayersVolume, session: BuildSession, { changed, restored, app }: ReadyRun, input: RunInput) {
    const { plan, restoration, times, version } = input
    this.#input = input
    this.kept = layers.kept
    this.changed = changed
    this.#restored = restored
    this.#app = app
    this.#secrets = plan.secrets ?? []
    this.#layers = layers
    this.#session = session
    this.restoration = restoration
    this.#times = times
    this.#knownVersion = version
  }

  get container(): Container {
    return this.#layers.container
  }

  async detect(): Promise<Detection> {
    if (this.#secrets.length > 0) await this.#session.putSecrets(this.#secrets)
    const { group, analyzed } = await this.#noting(this.#session.detect(this.#knownVersion === undefined))
    return { group: group.toString(), analyzed: analyzed.toString() }
  }

  /** While an extender runs, the session waits; it then reads the results in a container that the extender's root cannot access. */
  async build(chosen: Restoration, context: Context, { analyzed, extender }: BuildChange = {}): Promise<FinishedBuild> {
    const leaving = [...this.restoration.keys()].filter((id) => !chosen.has(id))
    await this.#session.remove(leaving.map(escapeId))
    if (analyzed) await this.container.putArchive('/', packTar([analyzed]), context)
    const extended = await extender?.(this.#layers.volume, [])
    this.#extender = extended?.container
    if (extended) this.#times.push(...extended.times)
    const { survey, fingerprints, version, app: left } = await (extended ? this.#session.survey() : this.#noting(this.#session.build(context.signal)))
    const entries = readTar(Readable.from([survey]), { source: 'the build results', invalid: 'CNB_PHASE_FAILED', signal: context.signal })
    const { tree, lifecycleFiles } = await readSurvey(entries, './')
    const files = containerFiles(this.container)
    return {
      tree,
      lifecycleFiles,
      fingerprints: await fingerprints(layerDirectories(tree)),
      restored: this.#restored,
      version: this.#knownVersion ?? version,
      // The extender has a copy of the app.
      app: this.#app && left !== '' && !extended ? { ...this.#app, left } : undefined,
      files: buildFiles({ container: files, session: sessionFiles(this.#session, files), extender: this.#extender && containerFiles(this.#extender) }),
    }
  }

  end(): void {
    this.#session.closeInput()
  }

  async leave(): Promise<void> {
    await this.#extender?.[Symbol.asyncDispose]()
    await this.#layers.leave()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#extender?.[Symbol.asyncDispose]()
    await this.#session[Symbol.asyncDispose]()
    if (this.#hasFailed) await keepContainer(this.container, this.#input.plan, this.#input.context)
    await this.#layers[Symbol.asyncDispose]()
  }

  /** An interrupted build keeps nothing: Ctrl-C cleans up. */
  async #noting<T>(phase: Promise<T>): Promise<T> {
    try {
      return await phase
    } catch (error) {
      this.#hasFailed = this.#input.plan.keepOnFailure === true && !this.#input.context.signal?.aborted
      throw error
    }
  }
}

/** Returns the uploaded paths of `/layers`, as deep as the script lists. */
function uploaded(entries: readonly TarEntry[]): string[] {
  const root = `${LAYERS_DIR.slice(1)}/`
  return entries
    .map(({ name }) => name.toString())
    .filter((name) => name.startsWith(root) && name.length > root.length)
    .map((name) => name.slice(root.length).replace(/\/$/, ''))
    .filter((path) => path.split('/').length <= 2)
}

function keptPaths(restoration: Restoration): string[] {
  return [...restoration].flatMap(([id, { kept }]) => [
    escapeId(id),
    ...kept.filter(({ fingerprint }) => fingerprint !== '').map(({ layer }) => `${escapeId(id)}/${layer}`),
  ])
}

function keptFingerprints(restoration: Restoration): Map<string, string> {
  return new Map([...restoration].flatMap(([id, { kept }]) =>
    kept.filter(({ fingerprint }) => fingerprint !== '').map(({ layer, fingerprint }) => [`${escapeId(id)}/${layer}`, fingerprint] as const),
  ))
}
