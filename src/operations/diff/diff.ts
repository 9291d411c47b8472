/** `cnb diff`: what differs between two images. */

import type { Context } from '../../base/events.ts'
import type { Layer } from '../../images/image.ts'
import type { BuildMetadata, LaunchProcess } from '../../images/labels/build-metadata.ts'
import type { ImagePlace } from '../inspect/image-facts.ts'
import type { ImageServices, LocateOptions } from '../inspect/locate-image.ts'
import { withLayers } from '../inspect/open-layers.ts'
import { compareMaps, compareVersions, sameJson, type Change, type Versions } from './changes.ts'
import { environmentOf, settingsOf } from './config-values.ts'
import { readFiles, type FileStatus, type TreeFile } from './file-tree.ts'
import { compareLabels, type LabelChange } from './label-changes.ts'
import { compareLayers, type LayerChange } from './layer-changes.ts'
import { readSide, type Side } from './side.ts'

export interface DiffOptions extends Omit<LocateOptions, 'local'> {
  from: string
  to: string
  /** Reads the layers that differ, and compares their files. */
  files?: boolean
}

/** The JSON output of `cnb diff`. Lists contain differences only, except `layers`. */
export interface ImageDiff {
  from: ImagePlace
  to: ImagePlace
  /** Whether layers and configuration are equal; places, names and compression of the layers may differ. */
  identical: boolean
  /** At most one; its `from` and `to` are its name, and `repository@digest` or an image ID. */
  runImage: Change<string>[]
  /** `from` and `to` are versions. */
  buildpacks: Change<string>[]
  extensions: Change<string>[]
  /** From the bottom up, the removed ones last. */
  layers: LayerChange[]
  processes: Change<LaunchProcess>[]
  environment: Change<string>[]
  /** User, entrypoint and others of the configuration, and the image's platform and time. */
  settings: Change<unknown>[]
  labels: LabelChange[]
  /** `from` and `to` are versions. Absent unless both images have an SBOM. */
  packages?: Change<string>[]
  /** Files of the layers that are not reused. Absent without the option. */
  files?: Change<FileStatus>[]
}

/**
 * Returns what differs between two images of any kind, each on the engine, in its registry or in an OCI layout.
 * @throws CnbError CNB_IMAGE_INVALID for malformed labels and layers and for limits, CNB_SBOM_INVALID, and those of locateImage
 */
export async function diffImages({ from: older, to: newer, files, ...options }: DiffOptions, places: ImageServices, context: Context): Promise<ImageDiff> {
  const [from, to] = await Promise.all([older, newer].map((name) => readSide(name, options, places, context))) as [Side, Side]
  return compareSides(from, to, { files }, context)
}

/** Compares two images of which everything but layers is read. @throws CnbError CNB_IMAGE_INVALID for malformed SBOMs and layers and for limits */
export async function compareSides(from: Side, to: Side, { files }: Pick<DiffOptions, 'files'>, context: Context): Promise<ImageDiff> {
  const layers = compareLayers(from.layers, to.layers)
  const diff = {
    runImage: compareMaps(runImageOf(from), runImageOf(to), sameJson),
    buildpacks: compareVersions(versionsOf(from.build?.buildpacks), versionsOf(to.build?.buildpacks)),
    extensions: compareVersions(versionsOf(from.build?.extensions), versionsOf(to.build?.extensions)),
    processes: compareMaps(processesOf(from), processesOf(to), sameJson),
    environment: compareMaps(environmentOf(from.facts), environmentOf(to.facts), Object.is),
    settings: compareMaps(settingsOf(from.facts), settingsOf(to.facts), sameJson),
    labels: compareLabels(from.facts.labels, to.facts.labels),
  }
  const identical = sameJson(diffIds(from), diffIds(to)) && Object.values(diff).every(({ length }) => length === 0)
  return {
    from: from.facts.place,
    to: to.facts.place,
    identical,
    ...diff,
    layers,
    packages: await comparePackages(from, to),
    files: files ? await compareFiles(from, to, layers, context) : undefined,
  }
}

function diffIds({ facts }: Side): string[] {
  return facts.layers.map(({ diffId }) => diffId)
}

/** Another name of the same digest is a change, too. */
function runImageOf({ metadata }: Side): Map<string, string> {
  const { reference = '', runImage } = metadata ?? {}
  const name = runImage?.image
  return new Map(reference === '' && name === undefined ? [] : [['run image', [name, reference].filter((part) => part).join(' ')]])
}

function versionsOf(used: BuildMetadata['buildpacks'] = []): Versions {
  return new Map(used.map(({ id, version }) => [id, new Set([version])]))
}

function processesOf({ build }: Side): Map<string, LaunchProcess> {
  return new Map((build?.processes ?? []).map((launch) => [launch.type, launch]))
}

/** Returns undefined unless both images have an SBOM; equal SBOMs are not read. */
async function comparePackages(from: Side, to: Side): Promise<Change<string>[] | undefined> {
  if (from.sbom === undefined || to.sbom === undefined) return undefined
  if (from.sbom === to.sbom) return []
  const old = await from.packages()
  const now = old && (await to.packages())
  return now && compareVersions(old, now)
}

async function compareFiles(from: Side, to: Side, layers: readonly LayerChange[], context: Context): Promise<Change<FileStatus>[]> {
  const differing = layers.filter(({ change }) => change !== 'reused')
  const read = ({ found }: Side, side: 'from' | 'to'): Promise<Map<string, TreeFile>> => {
    const wanted = new Set(differing.flatMap((layer) => layer[side]?.diffId ?? []))
    if (wanted.size === 0) return Promise.resolve(new Map<string, TreeFile>())
    return withLayers(found, wanted, context, (its: readonly Layer[]) => readFiles(found.name, its, context))
  }
  const before = await read(from, 'from')
  const changes = compareMaps(before, await read(to, 'to'), isSameFile)
  return changes.flatMap((change) => readableChange(change)).sort((a, b) => (a.name < b.name ? -1 : 1))
}

function isSameFile(a: TreeFile, b: TreeFile): boolean {
  return a.type === b.type && a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && a.size === b.size && a.link === b.link && a.digest === b.digest
}

/** Returns the change as users see it: a whiteout is the absence of a file. */
function readableChange({ name: binary, from, to }: Change<TreeFile>): Change<FileStatus>[] {
  const name = Buffer.from(binary, 'latin1').toString()
  const [before, after] = [from, to].map((file) => file && statusOf(file))
  if (after === undefined || after.type === 'whiteout') {
    // A whiteout of both images, or one that the newer image lacks, says nothing about a file of these layers.
    return before?.type === 'whiteout' && after ? [] : [before?.type === 'whiteout' ? { name, change: 'added', from: before } : { name, change: 'removed', from: before, to: after }]
  }
  return [{ name, change: before === undefined || before.type === 'whiteout' ? 'added' : 'changed', from: before, to: after }]
}

function statusOf({ digest: _, ...status }: TreeFile): FileStatus {
  return status
}
