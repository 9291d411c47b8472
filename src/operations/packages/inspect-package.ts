/** Describes packages, and modules in directories and archives, for the inspect commands. */

import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Context } from '../../base/events.ts'
import { formatTarget } from '../../buildpacks/build-target.ts'
import type { ModuleKind } from '../../buildpacks/buildpack-descriptor.ts'
import type { ExternalLocator } from '../../buildpacks/locator.ts'
import { externalLocator } from '../../buildpacks/module-sources.ts'
import { formatEntry, type GroupEntry } from '../../buildpacks/order.ts'
import { expandOrder, type OrderTree } from '../../buildpacks/order-tree.ts'
import { readPackageLabels, type PackageLabels } from '../../buildpacks/packages/read-package.ts'
import { openImageArchive } from '../../buildpacks/read.ts'
import { shownAddress } from '../../formats/shown-address.ts'
import { readArchivedImage } from '../../images/archive/archive-image.ts'
import { isLayoutLocation } from '../../images/oci-layout/layout-location.ts'
import { formatPlatform } from '../../oci/platform.ts'
import { parsePlatform } from '../parse-platform.ts'
import { readConfig } from '../config/config-file.ts'
import { readRegistrySettings } from '../config/registry-settings.ts'
import { openDownloadSession } from '../downloads.ts'
import { readFacts, type ImagePlace, type LayerFacts } from '../inspect/image-facts.ts'
import { locateImage, type ImageServices, type LocateOptions } from '../inspect/locate-image.ts'
import { chooseRegistry } from './buildpack-registry.ts'
import { LazyEngine } from './lazy-engine.ts'
import { openModuleSources } from './open-module-sources.ts'

export interface InspectPackageOptions extends Omit<LocateOptions, 'local'> {
  kind: ModuleKind
  /** A locator, as for `--buildpack`, or `oci:DIR[:TAG]`. */
  name: string
  /** The nesting depth shown for composite buildpacks; default: unlimited. */
  depth?: number
  /** The name of the buildpack registry; default: the configuration file's. */
  buildpackRegistry?: string
}

/** The JSON output of `cnb buildpack inspect` and `cnb extension inspect`; YAML and TOML have the same keys. */
export interface PackageInspection extends Partial<Omit<ImagePlace, 'image' | 'source'>> {
  package: string
  /** Where it was found; `file` is an archive. */
  source: ImagePlace['source'] | 'directory' | 'file' | 'url' | 'buildpack registry'
  id?: string
  /** The main module. */
  main: {
    id: string
    version: string
    name?: string
    description?: string
    homepage?: string
    keywords?: string[]
    licenses?: { type?: string; uri?: string }[]
  }
  stacks: { id: string; mixins?: string[] }[]
  /** All modules, the main one first. */
  modules: { id: string; version: string; name?: string; homepage?: string; api: string; targets?: string[] }[]
  /** The main module with its order; empty for an extension. */
  order: OrderTree
  layers: { diffId: string; size?: number; compressedSize?: number; digest?: string; name: string }[]
}

/** A package that was found, with the facts of its image, if it is one. */
interface FoundPackage {
  readonly labels: PackageLabels
  readonly place: Omit<PackageInspection, 'package' | 'main' | 'stacks' | 'modules' | 'order' | 'layers'>
  readonly layers: readonly LayerFacts[]
}

/**
 * Describes a package on the engine, in its registry, in an OCI layout or in a file, or a module in a directory or archive.
 * @throws CnbError CNB_BUILDPACK_INVALID, CNB_BUILDPACK_NOT_FOUND, CNB_DESCRIPTOR_INVALID, and those of locateImage
 */
export async function inspectPackage(options: InspectPackageOptions, places: ImageServices, context: Context): Promise<PackageInspection> {
  const { name, kind, depth } = options
  const { cwd } = places.remote.host
  const locator = isLayoutLocation(name) ? ({ type: 'image', reference: name } as const) : await preferEngine(await externalLocator(name, cwd), options, places, context)
  const found = locator.type === 'image' ? await inImage(locator.reference, options, places, context) : await inSource(locator, options, places, context)
  const { labels: { info, stacks, modules }, place, layers } = found
  const orderOf = (entry: GroupEntry) => modules.find(({ descriptor }) => formatEntry(descriptor.info) === formatEntry(entry))?.descriptor.order
  return {
    package: locator.type === 'url' ? shownAddress(name) : name,
    ...place,
    main: {
      id: info.id,
      version: info.version,
      name: info.name,
      description: info.description,
      homepage: info.homepage,
      keywords: info.keywords && [...info.keywords],
      licenses: info.licenses?.map((license) => ({ ...license })),
    },
    stacks: stacks.map(({ id, mixins = [] }) => ({ id, ...(mixins.length > 0 ? { mixins: [...mixins] } : {}) })),
    modules: modules.map(({ descriptor }) => ({
      id: descriptor.info.id,
      version: descriptor.info.version,
      name: descriptor.info.name,
      homepage: descriptor.info.homepage,
      api: descriptor.api,
      ...(descriptor.targets.length > 0 ? { targets: descriptor.targets.map(formatTarget) } : {}),
    })),
    order: kind === 'extension' ? [] : expandOrder([{ group: [{ id: info.id, version: info.version }] }], orderOf, depth),
    layers: layers.map(({ createdBy: _, ...layer }) => ({
      ...layer,
      name: modules.filter(({ diffId }) => diffId === layer.diffId).map(({ descriptor }) => formatEntry(descriptor.info)).join(', '),
    })),
  }
}

/** Returns the image of the name if the engine has it: as in pack, `acme/hello` is otherwise an entry of the buildpack registry. */
async function preferEngine(locator: ExternalLocator, { name, remote }: InspectPackageOptions, places: ImageServices, context: Context): Promise<ExternalLocator> {
  if (locator.type !== 'registry' || remote || name.startsWith('urn:') || name.includes('@')) return locator
  await using engine = new LazyEngine(places.services)
  return (await engine.find(name, context)) ? { type: 'image', reference: name } : locator
}

async function inImage(reference: string, options: InspectPackageOptions, places: ImageServices, context: Context): Promise<FoundPackage> {
  const facts = await readFacts(await locateImage(reference, options, places, context), context)
  const { image: _, ...place } = facts.place
  return { labels: readPackageLabels(facts, options.kind), place, layers: facts.layers }
}

const SOURCES = { path: 'directory', url: 'url', registry: 'buildpack registry' } as const

async function inSource(locator: Exclude<ExternalLocator, { type: 'image' }>, options: InspectPackageOptions, places: ImageServices, context: Context): Promise<FoundPackage> {
  const { kind } = options
  const { host } = places.remote
  const platform = options.platform === undefined ? places.remote.platform : parsePlatform(options.platform)
  const path = locator.type === 'path' ? resolve(host.cwd, locator.path) : undefined
  const isFile = path !== undefined && (await stat(path)).isFile()
  const archive = isFile ? await openImageArchive(path, context) : undefined
  if (archive) {
    const image = await readArchivedImage(archive, platform, context)
    const layers = image.layers.map(({ diffId, blob }) => ({ diffId, compressedSize: blob?.descriptor.size, digest: blob?.descriptor.digest }))
    const { created } = image.config
    return { labels: readPackageLabels(image, kind), place: { source: 'file', platform: formatPlatform(image.platform), created, ...totalOf(layers) }, layers }
  }
  const config = await readConfig(host, context)
  const settings = await readRegistrySettings(options, host, context)
  await using downloads = openDownloadSession(host, config, settings, context)
  const registry = chooseRegistry(options.buildpackRegistry, config)
  const sources = openModuleSources({ engine: undefined, registries: () => places.remote.registries(settings), policy: 'always', downloads, host, registry })
  const modules = await sources.read(locator, host.cwd, { kind, platform }, context)
  const [main] = modules
  const { info, stacks = [] } = main?.descriptor ?? { info: { id: '', version: '' } }
  const layers = new Map(modules.map(({ layer }) => [layer.diffId, { diffId: layer.diffId, size: layer.size }]))
  return {
    labels: { info, stacks, modules: modules.map(({ descriptor, layer }) => ({ descriptor, diffId: layer.diffId })) },
    place: { source: isFile ? 'file' : SOURCES[locator.type], ...totalOf([...layers.values()]) },
    layers: [...layers.values()],
  }
}

function totalOf(layers: readonly LayerFacts[]): Pick<PackageInspection, 'size' | 'compressedSize'> {
  const sum = (key: 'size' | 'compressedSize'): number | undefined =>
    layers.every((layer) => layer[key] !== undefined) ? layers.reduce((total, layer) => total + (layer[key] ?? 0), 0) : undefined
  const compressedSize = sum('compressedSize')
  return compressedSize === undefined ? { size: sum('size') } : { compressedSize }
}
