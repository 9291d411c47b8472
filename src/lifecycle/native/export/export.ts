/** The input and result of the export, with functions that create layers from the build container. */

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
  /** The group's buildpacks with their files in `/layers`. */
  readonly buildpacks: readonly BuiltBuildpack[]
  readonly tree: LayersTree
  readonly previous?: PreviousImage
  /** The plan's run image, or the one that extensions switched to. */
  readonly runImage: RunImage
  /** Layers that extensions added to the run image, and their container settings. */
  readonly extensionLayers?: readonly AddedLayer[]
  readonly extendedSettings?: ContainerConfig
  /** SBOM files of `/cnb/lifecycle` by name. */
  readonly lifecycleFiles: ReadonlyMap<string, Buffer>
  /** The launcher's version (readLauncherVersion); default: the version in the builder's label. */
  readonly launcher?: LauncherVersion
  readonly makeBuildpackLayer: (buildpack: GroupElement, layer: BuiltLayer) => Promise<Layer>
  /** Returns one layer for each slice and one for the rest, in this order. */
  readonly makeAppLayers: (slices: readonly { readonly paths: readonly string[] }[]) => Promise<readonly AddedLayer[]>
  readonly makeLauncherLayer: () => Promise<Layer>
  /** Receives each layer, except those of buildpacks, as soon as it exists: it can be sent while the next ones are read. */
  readonly startSending: (layer: Layer) => void
  /** Receives the exporter's output, line by line. */
  readonly say: (line: string) => void
}

/** An SBOM layer; files by path relative to `/layers/sbom/<kind>`. */
export interface SbomLayer {
  readonly sha: Digest
  readonly files: ReadonlyMap<string, Buffer>
}

export interface Export {
  readonly image: ImagePlan
  /** The diffIDs of launch layers by `<buildpack id>:<layer>`. */
  readonly layerShas: ReadonlyMap<string, Digest>
  readonly sbom: { readonly launch?: SbomLayer; readonly cache?: SbomLayer }
  /** The input's tree, with the lifecycle's SBOMs. */
  readonly tree: LayersTree
  /** The process that a container starts by default. */
  readonly defaultProcess?: string
}
