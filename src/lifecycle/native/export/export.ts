/** What the export takes and gives: data, and the making of layers that need the build's container. */

import type { Layer, ImagePlan } from '../../../images/image.ts'
import type { ContainerConfig } from '../../../oci/config.ts'
import type { Digest } from '../../../oci/digest.ts'
import type { BuildPlan, RunImage } from '../../lifecycle.ts'
import type { BuiltBuildpack, BuiltLayer, Group, GroupElement, LayersTree, PreviousImage } from '../model.ts'
import type { AddedLayer } from './app-config.ts'
import type { LauncherVersion } from './launcher-version.ts'

export interface ExportInput {
  readonly plan: BuildPlan
  readonly group: Group
  /** What the group's buildpacks left in `/layers`. */
  readonly buildpacks: readonly BuiltBuildpack[]
  readonly tree: LayersTree
  readonly previous?: PreviousImage
  /** The plan's, or the one that extensions switched to. */
  readonly runImage: RunImage
  /** Layers that extensions put on the run image, and the container settings that they left. */
  readonly extensionLayers?: readonly AddedLayer[]
  readonly extendedSettings?: ContainerConfig
  /** SBOM files of `/cnb/lifecycle` by their names. */
  readonly lifecycleFiles: ReadonlyMap<string, Buffer>
  /** What the builder's lifecycle says of itself (readLauncherVersion); by default the version that the builder's label tells. */
  readonly launcher?: LauncherVersion
  readonly makeBuildpackLayer: (buildpack: GroupElement, layer: BuiltLayer) => Promise<Layer>
  /** One layer for each slice and one for the rest, in this order. */
  readonly makeAppLayers: (slices: readonly { readonly paths: readonly string[] }[]) => Promise<readonly AddedLayer[]>
  readonly makeLauncherLayer: () => Promise<Layer>
  /** Gets what the exporter would print, line by line. */
  readonly say: (line: string) => void
}

/** An SBOM layer; files by their paths relative to `/layers/sbom/<kind>`. */
export interface SbomLayer {
  readonly sha: Digest
  readonly files: ReadonlyMap<string, Buffer>
}

export interface Export {
  readonly image: ImagePlan
  /** By `<buildpack id>:<layer>`: the diffIDs of launch layers. */
  readonly layerShas: ReadonlyMap<string, Digest>
  readonly sbom: { readonly launch?: SbomLayer; readonly cache?: SbomLayer }
  /** The input's, and the lifecycle's own SBOMs. */
  readonly tree: LayersTree
  /** The process that a container starts when the user names none. */
  readonly defaultProcess?: string
}
