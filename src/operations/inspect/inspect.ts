/** `cnb inspect`: what an app image is made of. */

import type { Context } from '../../base/events.ts'
import { readBuildMetadata, type LaunchProcess } from '../../images/labels/build-metadata.ts'
import { isMarkedRebasable, readStackId, readImageTarget } from '../../images/labels/labels.ts'
import type { LifecycleMetadata } from '../../images/labels/lifecycle-metadata.ts'
import { startedProcess } from '../../images/labels/started-process.ts'
import { topLayerIndex } from '../../images/rebase/rebase-plan.ts'
import type { ContainerConfig } from '../../oci/config.ts'
import { readAppMetadata } from './app-image.ts'
import { readFacts, type ImagePlace, type LayerFacts } from './image-facts.ts'
import { locateImage, type LocateOptions, type ImageServices } from './locate-image.ts'
import { hasSbom } from './sbom-layer.ts'


/** Sizes are in bytes: `size` unpacked, as an engine has the layer; `compressedSize` as a registry has it. */
interface InspectedLayer {
  diffId: string
  /** Undefined where the engine does not tell. */
  size?: number
  compressedSize?: number
  /** Of the blob that a registry has. */
  digest?: string
  /** What it is, in one or two words: `run image`, `app`, `launcher`, `config`, `sbom`, `process types`, or a layer's name. */
  name: string
  /** `id@version` of the buildpack that made it. */
  buildpack?: string
}

export interface InspectedProcess {
  type: string
  shell: string
  command: string
  args: string[]
  default: boolean
  workingDir: string
}

/** What `cnb inspect --output json` prints; YAML and TOML have the same keys. */
export interface ImageInspection extends ImagePlace {
  /** The deprecated stack's id, where the image has one. */
  stack?: string
  target?: { os: string; arch: string; variant?: string; distroName?: string; distroVersion?: string }
  baseImage: { reference: string; topLayer: string }
  runImages: { name: string }[]
  rebasable: boolean
  buildpacks: { id: string; version: string; homepage?: string }[]
  extensions: { id: string; version: string; homepage?: string }[]
  processes: InspectedProcess[]
  /** Whether the image carries a software bill of materials. */
  sbom: boolean
  lifecycleVersion?: string
  layers: InspectedLayer[]
}

export interface InspectOptions extends LocateOptions {
  image: string
}

/**
 * What an app image says of itself, on the engine or in its registry.
 * @throws CnbError CNB_IMAGE_INVALID for an image that no buildpacks made, and what locateImage throws
 */
export async function inspect({ image: name, ...options }: InspectOptions, places: ImageServices, context: Context): Promise<ImageInspection> {
  const found = await locateImage(name, options, places, context)
  const facts = await readFacts(found, context)
  const metadata = readAppMetadata(facts)
  const build = readBuildMetadata(facts)
  const layers = describeLayers(facts.layers, metadata)
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

type Maker = Pick<InspectedLayer, 'name' | 'buildpack'>

/** The image's layers from the bottom. Those that its label does not name are called what its history says of them. */
function describeLayers(layers: readonly LayerFacts[], metadata: LifecycleMetadata): InspectedLayer[] {
  const top = topLayerIndex(layers.map(({ diffId }) => diffId), metadata)
  const makers = makersOf(metadata)
  return layers.map(({ createdBy, ...layer }, index) => {
    const known = index <= top ? { name: 'run image' } : makers.get(layer.diffId)?.shift()
    return { ...layer, ...(known ?? { name: createdBy || 'unknown' }) }
  })
}

/** By diffID, in the order in which the exporter adds layers: two that are alike are told apart by their place. */
function makersOf(metadata: LifecycleMetadata): Map<string, Maker[]> {
  const makers = new Map<string, Maker[]>()
  const add = (sha: string, maker: Maker): void => {
    if (sha !== '') makers.set(sha, [...(makers.get(sha) ?? []), maker])
  }
  for (const { id, version, layers } of metadata.buildpacks) {
    for (const [name, { sha, launch }] of layers) if (launch) add(sha, { name, buildpack: `${id}@${version}` })
  }
  add(metadata.sbom, { name: 'sbom' })
  metadata.app.forEach((sha, index) => add(sha, { name: metadata.app.length === 1 ? 'app' : `app slice ${index + 1}` }))
  add(metadata.launcher, { name: 'launcher' })
  add(metadata.config, { name: 'config' })
  add(metadata.processTypes, { name: 'process types' })
  return makers
}
