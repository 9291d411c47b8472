/** `cnb inspect`: what an app image is made of. */

import { posix } from 'node:path'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { readBuildMetadata, type LaunchProcess } from '../images/build-metadata.ts'
import { labelOf, type Labelled } from '../images/label-value.ts'
import { BUILDER_METADATA_LABEL, LIFECYCLE_METADATA_LABEL, isMarkedRebasable, readStackId, readTarget } from '../images/labels.ts'
import { readLifecycleMetadata } from '../images/lifecycle-metadata.ts'
import type { ContainerConfig } from '../oci/config.ts'
import { formatPlatform } from '../oci/platform.ts'
import { SBOM_LAYER, describeLayers } from './inspect-layers.ts'
import type { Services } from './services.ts'

export interface InspectedLayer {
  diffId: string
  /** Bytes on the engine; undefined where the engine does not tell. */
  size?: number
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
export interface ImageInspection {
  image: string
  id: string
  platform: string
  created?: string
  size: number
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

export interface InspectOptions {
  image: string
}

/**
 * What an app image on the engine says of itself.
 * @throws CnbError CNB_IMAGE_NOT_FOUND, CNB_IMAGE_INVALID for an image that no buildpacks made, CNB_ENGINE_*
 */
export async function inspect({ image: name }: InspectOptions, { engine }: Services, context: Context): Promise<ImageInspection> {
  const image = await engine.images.inspect(name, context)
  if (!image) {
    const hint = `Build it first, or get it with 'docker pull ${name}'.`
    throw new CnbError('CNB_IMAGE_NOT_FOUND', `the engine has no image '${name}'`, { hint })
  }
  const labelled = { reference: name, labels: image.config.Labels ?? {}, platform: image.platform }
  const metadata = readLifecycleMetadata(labelled)
  if (!metadata) throw notAnApp(labelled)
  const build = readBuildMetadata(labelled)
  const layers = describeLayers(image, await engine.images.history(image.id, context), metadata)
  const stack = readStackId(labelled)
  return {
    image: name,
    id: image.id,
    platform: formatPlatform(image.platform),
    ...(image.created ? { created: image.created } : {}),
    size: image.size,
    ...(stack === '' ? {} : { stack }),
    target: readTarget(labelled),
    baseImage: { reference: metadata.reference, topLayer: metadata.topLayer },
    runImages: metadata.runImage ? [metadata.runImage.image, ...metadata.runImage.mirrors].map((runImage) => ({ name: runImage })) : [],
    rebasable: isMarkedRebasable(labelled) && image.diffIds.some((diffId) => diffId === metadata.topLayer),
    buildpacks: (build?.buildpacks ?? []).map((used) => ({ ...used })),
    extensions: (build?.extensions ?? []).map((used) => ({ ...used })),
    processes: describeProcesses(build?.processes ?? [], image.config),
    sbom: hasSbom(layers),
    ...(build?.launcherVersion ? { lifecycleVersion: build.launcherVersion } : {}),
    layers,
  }
}

function notAnApp(image: Labelled): CnbError {
  const isBuilder = labelOf(image, BUILDER_METADATA_LABEL) !== ''
  const hint = isBuilder
    ? `It is a builder: use 'cnb builder inspect ${image.reference}'.`
    : 'Only images that were built with buildpacks can be inspected.'
  const message = `image '${image.reference}' is no app image: it has no label ${LIFECYCLE_METADATA_LABEL}`
  return new CnbError('CNB_IMAGE_INVALID', message, { hint })
}

/**
 * The process that the image starts is the one that its entrypoint is named for; before Platform API 0.4 a variable said so.
 */
function describeProcesses(processes: readonly LaunchProcess[], config: ContainerConfig): InspectedProcess[] {
  const entrypoint = config.Entrypoint?.[0]
  const byVariable = config.Env?.find((entry) => entry.startsWith('CNB_PROCESS_TYPE='))?.slice('CNB_PROCESS_TYPE='.length)
  const started = entrypoint?.startsWith('/cnb/process/') ? posix.basename(entrypoint) : byVariable
  return processes.map(({ type, command: [command = '', ...more], args, direct, workingDir }) => ({
    type,
    shell: direct ? '' : 'bash',
    command,
    args: [...more, ...args],
    default: type === started,
    workingDir: workingDir || config.WorkingDir || '',
  }))
}

/** The lifecycle adds the layer always; with nothing to tell it holds an empty list of the old format, of 5 bytes. */
function hasSbom(layers: readonly InspectedLayer[]): boolean {
  const layer = layers.find(({ name }) => name === SBOM_LAYER)
  return layer !== undefined && (layer.size === undefined || layer.size > 5)
}
