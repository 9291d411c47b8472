/** The interface of running detector and builder; scripted-run.ts and separate-run.ts implement it. */

import type { TarEntry } from '../../../archive/tar/tar-writer.ts'
import type { Context } from '../../../base/events.ts'
import type { Container } from '../../../docker/engine.ts'
import type { BuildPlan, PhaseTime } from '../../lifecycle.ts'
import type { LayersVolumeInput } from './layers-volume.ts'
import type { TreeSurvey } from '../layers-tree.ts'
import type { AppTree } from '../app/app-tree.ts'
import type { SentApp } from '../app/send-app.ts'
import type { BuildFiles, KnownApp, LayerContents, Restoration } from '../model.ts'

/** The detector's output files, unchanged. */
export interface Detection {
  readonly group: string
  readonly analyzed: string
}

export interface FinishedBuild extends TreeSurvey {
  /** Fingerprints by directory relative to `/layers`; empty if the builder has no tools to take them. */
  readonly fingerprints: ReadonlyMap<string, string>
  /** Fingerprints of layers that were uploaded and have their digest, from before the first buildpack ran. */
  readonly restored: ReadonlyMap<string, string>
  /** The version that the builder's lifecycle prints; empty if it is not available. */
  readonly version: string
  /** Reads the container's files, until the run is disposed of. */
  readonly files: BuildFiles
  /** The app's files, if the next build can compare them. */
  readonly app?: BuiltApp | undefined
}

/** The app's directory in a volume before and after detector and builder ran in it. */
export interface BuiltApp extends SentApp {
  /** The looks of its files after the build. */
  readonly left: string
}

/** Changes of the build phase by image extensions. */
export interface BuildChange {
  /** analyzed.toml as an entry for `/`, if the builder needs another than the detector's. */
  readonly analyzed?: TarEntry
    /**
     * Replaces the builder: runs in a separate container with the volume at `/layers` and uploads `layers`, which the builder would get.
     * Returns the container, which then holds the app and belongs to the run.
     */
  readonly extender?: (volume: string, layers: readonly TarEntry[]) => Promise<{ container: Container; times: readonly PhaseTime[] }>
}

/** One run. Leaving the scope of `await using` removes everything that it created and the next build does not use. */
export interface BuilderRun extends AsyncDisposable {
  /** A container of the builder image with `/layers`, in which only detector and builder run. */
  readonly container: Pick<Container, 'getArchive'>
  /** The restoration with which the run was started. */
  readonly restoration: Restoration
  /** Whether the next build uses the same volume. */
  readonly kept: boolean
  /** Layer directories that were removed because their fingerprint or digest differs, relative to `/layers`. */
  readonly changed: readonly string[]
  /** Runs the detector. @throws CnbError for the detector's exit code */
  detect(): Promise<Detection>
    /**
     * Runs the builder, or its replacement.
     * @param chosen the content of `/layers` for the group's buildpacks
     * @throws CnbError for the builder's exit code
     */
  build(chosen: Restoration, context: Context, change?: BuildChange): Promise<FinishedBuild>
  /** Runs no more phases; their files remain readable. */
  end(): void
  /** Disposal after a successful build; the engine may still be removing the container (Container.leave). */
  leave(): Promise<void>
}

export interface RunInput extends LayersVolumeInput {
  readonly plan: BuildPlan
  /** Receives the durations of the phases. */
  readonly times: PhaseTime[]
  readonly owner: string
  readonly restoration: Restoration
  /** The content of kept layers that have no fingerprint. */
  readonly contents?: LayerContents
  /** analyzed.toml for the detector. */
  readonly analyzed: TarEntry
  /** The version of the builder's lifecycle as recorded by an earlier build. */
  readonly version?: string
  /** The entry of the app's directory, if the session sends the app (app/large-app.ts). */
  readonly appDirectory?: TarEntry | undefined
  /** The app as the last build recorded it. */
  readonly knownApp?: KnownApp | undefined
  readonly knownTree?: (known: KnownApp) => Promise<AppTree | undefined>
}
