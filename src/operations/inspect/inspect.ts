/** `cnb inspect`: describes an app image. */

import type { Context } from '../../base/events.ts'
import { readBuildMetadata, type LaunchProcess } from '../../images/labels/build-metadata.ts'
import { isMarkedRebasable, readStackId, readImageTarget } from '../../images/labels/label-names.ts'
import type { LifecycleMetadata } from '../../images/labels/lifecycle-metadata.ts'
import { startedProcess } from '../../images/labels/started-process.ts'
import { topLayerIndex } from '../../images/rebase/rebase-plan.ts'
import type { ContainerConfig } from '../../oci/config.ts'
import { readAppMetadata } from './app-image.ts'
import { readFacts, type ImagePlace, type LayerFacts } from './image-facts.ts'
import { locateImage, type LocateOptions, type ImageServices } from './locate-image.ts'
import { hasSbom } from './sbom-layer.ts'

/** A layer. Sizes are in bytes: `size` uncompressed, from an engine; `compressedSize` of the blob, from a registry. */
interface InspectedLayer {
  diffId: string
  /** Undefined if the engine does not report it. */
  size?: number
  compressedSize?: number
  /** The digest of the blob, from a registry. */
  digest?: string
  /** `run image`, `app`, `launcher`, `config`, `sbom`, `process types`, or the name of a buildpack's layer. */
  name: string
  /** `id@version` of the buildpack that created it. */
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

/** Returns the image's layers from the bottom up. Layers that the label does not contain get the text of their history entry as name. */
function describeLayers(layers: readonly LayerFacts[], metadata: LifecycleMetadata): InspectedLayer[] {
  const top = topLayerIndex(layers.map(({ diffId }) => diffId), metadata)
  const makers = makersOf(metadata)
  return layers.map(({ createdBy, ...layer }, index) => {
    const known = index <= top ? { name: 'run image' } : makers.get(layer.diffId)?.shift()
    return { ...layer, ...(known ?? { name: createdBy || 'unknown' }) }
  })
}

/** Returns the names by diffID, in the order in which the exporter adds layers. Identical layers are distinguished by this order. */
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
