/** `cnb inspect`: describes an app image. */

import type { Context } from '../../base/events.ts'
import { readBuildMetadata, type LaunchProcess } from '../../images/labels/build-metadata.ts'
import { isMarkedRebasable, readStackId, readImageTarget } from '../../images/labels/label-names.ts'
import { startedProcess } from '../../images/labels/started-process.ts'
import type { ContainerConfig } from '../../oci/config.ts'
import { readAppMetadata } from './app-image.ts'
import { readFacts, type ImagePlace } from './image-facts.ts'
import { nameLayers, type NamedLayer } from './layer-names.ts'
import { locateImage, type LocateOptions, type ImageServices } from './locate-image.ts'
import { hasSbom } from './sbom-layer.ts'

/** A layer. Sizes are in bytes: `size` uncompressed, from an engine; `compressedSize` of the blob, from a registry. */
type InspectedLayer = Omit<NamedLayer, 'maker' | 'createdBy'>

export interface InspectedProcess {
  type: string
  shell: string
  command: string
  args: string[]
  default: boolean
  workingDir: string
}

/** The JSON output of `cnb inspect`; YAML and TOML have the same keys. */
export interface ImageInspection extends ImagePlace {
  /** The id of the image's stack (deprecated). */
  stack?: string
  target?: { os: string; arch: string; variant?: string; distroName?: string; distroVersion?: string }
  baseImage: { reference: string; topLayer: string }
  runImages: { name: string }[]
  rebasable: boolean
  buildpacks: { id: string; version: string; homepage?: string }[]
  extensions: { id: string; version: string; homepage?: string }[]
  processes: InspectedProcess[]
  /** Whether the image has a software bill of materials. */
  sbom: boolean
  lifecycleVersion?: string
  layers: InspectedLayer[]
}

export interface InspectOptions extends LocateOptions {
  image: string
}

/**
 * Returns the description of an app image on the engine, in its registry or in an OCI layout.
 * @throws CnbError CNB_IMAGE_INVALID if the image is not an app image, and those of locateImage
 */
export async function inspect({ image: name, ...options }: InspectOptions, places: ImageServices, context: Context): Promise<ImageInspection> {
  const found = await locateImage(name, options, places, context)
  const facts = await readFacts(found, context)
  const metadata = readAppMetadata(facts)
  const build = readBuildMetadata(facts)
  const layers = nameLayers(facts.layers, metadata).map(({ maker: _maker, createdBy: _createdBy, ...layer }) => layer)
  const stack = readStackId(facts)
  return {
    ...facts.place,
    stack: stack || undefined,
    target: readImageTarget(facts),
    baseImage: { reference: metadata.reference, topLayer: metadata.topLayer },
    runImages: metadata.runImage ? [metadata.runImage.image, ...metadata.runImage.mirrors].map((runImage) => ({ name: runImage })) : [],
    rebasable: isMarkedRebasable(facts) && layers.some(({ diffId }) => diffId === metadata.topLayer),
    buildpacks: (build?.buildpacks ?? []).map((used) => ({ ...used })),
    extensions: (build?.extensions ?? []).map((used) => ({ ...used })),
    processes: describeProcesses(build?.processes ?? [], facts.config),
    sbom: await hasSbom(found, layers.find(({ diffId }) => diffId === metadata.sbom), context),
    lifecycleVersion: build?.launcherVersion || undefined,
    layers,
  }
}

function describeProcesses(processes: readonly LaunchProcess[], config: ContainerConfig): InspectedProcess[] {
  const started = startedProcess(config)
  return processes.map(({ type, command: [command = '', ...more], args, direct, workingDir }) => ({
    type,
    shell: direct ? '' : 'bash',
    command,
    args: [...more, ...args],
    default: type === started,
    workingDir: workingDir || config.WorkingDir || '',
  }))
}
