/** How detector and builder are run; what they leave is the same whichever way the builder image allows. */

import type { TarEntry } from '../../../archive/tar/tar-writer.ts'
import type { Context } from '../../../base/events.ts'
import type { Container } from '../../../docker/engine.ts'
import type { PhaseTime } from '../../lifecycle.ts'
import type { LayersHolder } from './layers-volume.ts'
import type { TreeSurvey } from '../layers-tree.ts'
import type { BuildFiles, LayerContents, Restoration } from '../model.ts'

/** What detector leaves, as it wrote it. */
export interface Detection {
  readonly group: string
  readonly analyzed: string
}

export interface FinishedBuild extends TreeSurvey {
  /** By directory relative to `/layers`; empty where the builder has no tools to take any. */
  readonly fingerprints: ReadonlyMap<string, string>
  /** What the builder's lifecycle prints of its version; empty where it cannot be asked. */
  readonly version: string
  /** Reads what the container holds, for as long as the run is not disposed of. */
  readonly files: BuildFiles
}

/** How image extensions change the build phase. */
export interface BuildChange {
  /** For `/`: analyzed.toml where the builder must find another than detection left. */
  readonly analyzed?: TarEntry
  /**
   * Takes the builder's place, with a container of its own that has the volume at `/layers`; `layers` is what the builder's upload
   * would bring for it. The container it gives holds the app, and is the run's from then on.
   */
  readonly extender?: (volume: string, layers: readonly TarEntry[]) => Promise<{ container: Container; times: readonly PhaseTime[] }>
}

/** One run. Leaving the scope of `await using` removes all that it made and that the next build shall not find. */
export interface BuilderRun extends AsyncDisposable {
  /** A container of the builder image with `/layers`, in which nothing but detector and builder runs. */
  readonly container: Pick<Container, 'getArchive'>
  /** What it was started with. */
  readonly restoration: Restoration
  /** Whether the next build finds that volume. */
  readonly kept: boolean
  /** Layer directories that did not look as they did, and are gone: paths relative to `/layers`. */
  readonly changed: readonly string[]
  /** @throws CnbError with the detector's exit code */
  detect(): Promise<Detection>
  /**
   * Runs the builder, or what takes its place.
   * @param chosen what the group's buildpacks find in `/layers`
   * @throws CnbError with the builder's exit code
   */
  build(chosen: Restoration, context: Context, change?: BuildChange): Promise<FinishedBuild>
  /** No more phases: what they left stays readable. */
  end(): void
}

export interface RunInput extends LayersHolder {
  /** Gets the phases' times. */
  readonly times: PhaseTime[]
  readonly owner: string
  readonly restoration: Restoration
  /** Where those of the kept layers come from that have no fingerprint. */
  readonly contents?: LayerContents
  /** analyzed.toml for the detector. */
  readonly analyzed: TarEntry
  /** What the builder's lifecycle printed of its version at an earlier build. */
  readonly version?: string
}
