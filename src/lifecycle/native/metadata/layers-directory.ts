/** Reads the buildpacks' files in `/layers` like the exporter (lifecycle buildpack/layers.go). */

import { CnbError } from '../../../base/errors.ts'
import { escapeId } from '../../../buildpacks/buildpack-descriptor.ts'
import { newValueBudget, type ValueBudget } from '../../../formats/go/toml-data.ts'
import { compareBytes } from '../../../formats/go/json.ts'
import type { BuiltBuildpack, BuiltLayer, Group, GroupElement, LayersTree, LayerTreeEntry } from '../model.ts'
import { readLayerToml, readStoreToml } from './layer-toml.ts'

const TOML = '.toml'
/** Files of the buildpack, not of a layer; a directory of such a name is a layer nevertheless. */
const NOT_LAYERS = new Set(['store', 'launch', 'build'])

/**
 * Returns the group's buildpacks in order, each with its layers in the byte order of their names.
 * @throws CnbError CNB_EXPORT_FAILED for a malformed store.toml, or if a buildpack's directory is not a directory
 */
export function readBuiltBuildpacks(tree: LayersTree, group: Group): BuiltBuildpack[] {
  const children = new Map<string, Map<string, LayerTreeEntry>>()
  for (const [path, entry] of tree) {
    const [directory, name, ...deeper] = path.split('/')
    if (directory === undefined || name === undefined || deeper.length > 0) continue
    children.set(directory, (children.get(directory) ?? new Map<string, LayerTreeEntry>()).set(name, entry))
  }
  const budget = newValueBudget()
  return group.buildpacks.map((buildpack) => {
    checkDirectory(tree, buildpack)
    return readBuildpack(children.get(escapeId(buildpack.id)) ?? new Map<string, LayerTreeEntry>(), buildpack, budget)
  })
}

function checkDirectory(tree: LayersTree, buildpack: GroupElement): void {
  const directory = escapeId(buildpack.id)
  const own = tree.get(directory)
  if (own && own.type !== 'directory') {
    throw new CnbError('CNB_EXPORT_FAILED', `cannot read /layers/${directory} of buildpack '${buildpack.id}': it is a ${own.type}, not a directory`, {
      hint: "Report this to the buildpack's author: the buildpack replaced its directory.",
    })
  }
}

function readBuildpack(files: ReadonlyMap<string, LayerTreeEntry>, buildpack: GroupElement, budget: ValueBudget): BuiltBuildpack {
  const store = files.get(`store${TOML}`)
  const hasStore = store !== undefined && store.type !== 'directory'
  return {
    buildpack,
    store: hasStore ? readStoreToml(contentOf(store, 'store.toml', buildpack), buildpack.id, budget) : undefined,
    layers: candidates(files).map((name) => readLayer(files, name, buildpack, budget)),
  }
}

function contentOf({ type, content }: LayerTreeEntry, file: string, { id }: GroupElement): Buffer {
  if (type === 'file') return content ?? Buffer.alloc(0)
  throw new CnbError('CNB_EXPORT_FAILED', `cannot read ${file} of buildpack '${id}': it is a ${type}, which is not followed`)
}

/** Returns the names of all directories, and all names with a TOML file. */
function candidates(files: ReadonlyMap<string, LayerTreeEntry>): string[] {
  const names = new Set<string>()
  for (const [file, { type }] of files) {
    const name = file.endsWith(TOML) ? file.slice(0, -TOML.length) : undefined
    if (type === 'directory') names.add(file)
    else if (name !== undefined && !NOT_LAYERS.has(name)) names.add(name)
  }
  return [...names].sort(compareBytes)
}

function readLayer(files: ReadonlyMap<string, LayerTreeEntry>, name: string, buildpack: GroupElement, budget: ValueBudget): BuiltLayer {
  const path = `/layers/${escapeId(buildpack.id)}/${name}${TOML}`
  const file = files.get(`${name}${TOML}`)
  const none = { name, build: false, launch: false, cache: false, data: undefined, hasContents: files.has(name) }
  if (!file) return none
  if (file.type !== 'file') return { ...none, malformed: `${path} is a ${file.type}` }
  const { data, ...rest } = readLayerToml(file.content ?? Buffer.alloc(0), buildpack.api, path, budget)
  return { ...none, ...rest, data: data ?? undefined }
}
