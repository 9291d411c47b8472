/** Reads the modules of a package, an image with their layers (distribution.md "Buildpackage"). */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { FieldReader } from '../../formats/field-reader.ts'
import { compareBytes } from '../../formats/go/json.ts'
import type { Image, Layer } from '../../images/image.ts'
import { BUILDPACK_LAYERS_LABEL, EXTENSION_LAYERS_LABEL, PACKAGE_METADATA_LABEL } from '../../images/labels/label-names.ts'
import { labelOf, readLabels, type Labelled } from '../../images/labels/read-labels.ts'
import type { Digest } from '../../oci/digest.ts'
import { formatPlatform, type Platform } from '../../oci/platform.ts'
import type { Buildpack } from '../buildpack.ts'
import { infoProblem, type BuildpackDescriptor, type BuildpackInfo, type ModuleKind } from '../buildpack-descriptor.ts'
import { readLayerInfo, readStack } from '../layer-info.ts'
import { checkedLayer } from './checked-layer.ts'

/**
 * Reads the package's modules, its main module first. Reads labels only; the layers are used as they are, and checked whenever they
 * are read (checked-layer.ts).
 * @throws CnbError CNB_PLATFORM_MISMATCH for another operating system, CNB_BUILDPACK_INVALID for a missing or invalid label, and for a
 * label that names a layer the image does not have
 */
export function readPackage(image: Image, { kind, platform }: Wanted, { events }: Context): Buildpack[] {
  const warning = comparePlatforms(image, platform)
  if (warning !== undefined) events?.({ type: 'warning', message: warning })
  const { modules } = readPackageLabels(image, kind)
  const inLayer = (diffId: Digest) => modules.filter((module) => module.diffId === diffId).map(({ descriptor }) => descriptor)
  const layers = new Map<Digest, Layer>(image.layers.map((layer) => [layer.diffId, checkedLayer(layer, image.reference, inLayer(layer.diffId))]))
  return modules.map(({ descriptor, diffId }) => {
    const layer = layers.get(diffId)
    if (layer) return { origin: image.reference, descriptor, layer }
    throw new CnbError('CNB_BUILDPACK_INVALID', `the package '${image.reference}' lacks layer ${diffId} of '${descriptor.info.id}'`)
  })
}

interface Wanted {
  readonly kind: ModuleKind
  readonly platform: Platform
}

/** Returns a warning for a package of another architecture: older packages of scripts name one too, and work on any. */
function comparePlatforms({ reference, platform }: Image, wanted: Platform): string | undefined {
  const isOther = (is: string, needed: string): boolean => is !== '' && needed !== '' && is !== needed
  const message = `the package '${reference}' is for ${formatPlatform(platform)}, but ${formatPlatform(wanted)} is needed`
  if (isOther(platform.os, wanted.os)) throw new CnbError('CNB_PLATFORM_MISMATCH', message, { hint: 'Use a package for that platform.' })
  return isOther(platform.architecture, wanted.architecture) ? `${message}: its programs may not run` : undefined
}

/** A module in the label of a package. */
interface PackagedModule {
  readonly descriptor: BuildpackDescriptor
  readonly diffId: Digest
}

/** The content of a package's labels. */
export interface PackageLabels {
  /** The description of the main module. */
  readonly info: BuildpackInfo
  /** The stacks that all buildpacks of the package support. */
  readonly stacks: BuildpackDescriptor['stacks']
  /** The main module is first. */
  readonly modules: readonly PackagedModule[]
}

/** Reads the labels of a package. @throws CnbError CNB_BUILDPACK_INVALID for a missing or invalid label */
export function readPackageLabels(image: Labelled, kind: ModuleKind): PackageLabels {
  const layersLabel = kind === 'extension' ? EXTENSION_LAYERS_LABEL : BUILDPACK_LAYERS_LABEL
  for (const name of [PACKAGE_METADATA_LABEL, layersLabel]) if (labelOf(image, name) === '') throw notAPackage(image, name, kind)
  const labels = readLabels(image, [PACKAGE_METADATA_LABEL, layersLabel], 'CNB_BUILDPACK_INVALID')
  const metadata = labels.table(PACKAGE_METADATA_LABEL)
  const info = { id: metadata?.string('id') ?? '', version: metadata?.string('version') ?? '', ...readDetails(metadata) }
  const isMain = ({ descriptor }: PackagedModule): boolean => descriptor.info.id === info.id && descriptor.info.version === info.version
  const modules = readLayersLabel(labels.table(layersLabel), kind)
  if (!modules.some(isMain)) {
    throw new CnbError('CNB_BUILDPACK_INVALID', `the package '${image.reference}' lacks its main ${kind} '${info.id}@${info.version}'`)
  }
  modules.sort((a, b) => Number(isMain(b)) - Number(isMain(a)) || compareBytes(nameOf(a), nameOf(b)))
  return { info, stacks: (metadata?.tables('stacks') ?? []).map(readStack), modules }
}

/** Reads the optional fields of pack's `ModuleInfo`. */
function readDetails(metadata: FieldReader | undefined): Omit<BuildpackInfo, 'id' | 'version'> {
  const [name, description, homepage] = ['name', 'description', 'homepage'].map((key) => metadata?.string(key) || undefined)
  const keywords = metadata?.strings('keywords') ?? []
  const licenses = (metadata?.tables('licenses') ?? []).map((license) => ({ type: license.string('Type'), uri: license.string('URI') }))
  return { name, description, homepage, ...(keywords.length > 0 ? { keywords } : {}), ...(licenses.length > 0 ? { licenses } : {}) }
}

function notAPackage(image: Labelled, label: string, kind: ModuleKind): CnbError {
  return new CnbError('CNB_BUILDPACK_INVALID', `'${image.reference}' is not a package of ${kind}s: it has no label ${label}`, { hint: `Pass a package of ${kind}s.` })
}

function nameOf({ descriptor: { info } }: PackagedModule): string {
  return `${info.id}@${info.version}`
}

function readLayersLabel(label: FieldReader | undefined, kind: ModuleKind): PackagedModule[] {
  return (label?.keys() ?? []).flatMap((id) => {
    const versions = label?.table(id)
    return (versions?.keys() ?? []).flatMap((version) => {
      const layer = versions?.table(version)
      return layer ? [readModule(layer, id, version, kind)] : []
    })
  })
}

function readModule(layer: FieldReader, id: string, version: string, kind: ModuleKind): PackagedModule {
  const problem = infoProblem(id, version)
  if (problem !== undefined) throw layer.error('layerDiffID', problem)
  const { layerDiffID: diffId, stacks = [], targets = [], order = [], name, homepage } = readLayerInfo(layer)
  return { descriptor: { kind, api: layer.requiredString('api'), info: { id, version, name, homepage }, stacks, targets, order }, diffId }
}
