/** Plans the restoration of `/layers` from earlier builds (platform.md "restorer"). */

import type { TarEntry } from '../../../archive/tar/tar-writer.ts'
import { isFileName } from '../../../base/file-name.ts'
import { escapeId } from '../../../buildpacks/buildpack-descriptor.ts'
import { compareBytes } from '../../../formats/go/json.ts'
import { hasFeature } from '../../../formats/api-features.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import type { CacheRecord, CachedLayer, PreviousImage, Restoration, RestoredBuildpack } from '../model.ts'
import { layerToml, storeToml } from './layer-toml.ts'
import { restoredLayers, type RestoredLayers } from './restore-rules.ts'
import { isBuildpackId, isLayerName } from './safe-names.ts'

type RestoreBuilder = Pick<BuildPlan['builder'], 'uid' | 'gid' | 'buildpackLayers'>

export interface RestorationInput {
  readonly previous: PreviousImage | undefined
  readonly record: CacheRecord | undefined
  readonly plan: Pick<BuildPlan, 'platformApi' | 'buildpacks'> & { readonly builder: RestoreBuilder }
  /** `--clear-cache`: restores only store.toml. */
  readonly skipLayers: boolean
  /** The previous image's SBOM files by path relative to `/layers/sbom/launch`, if the record does not contain them. */
  readonly launchSbom?: ReadonlyMap<string, Buffer>
  /** The files' mtime in seconds since 1970; the lifecycle's files have the time of the restoration. */
  readonly mtime?: number
}

/** Whether to read `launchSbom`: the previous image has SBOM files that the record does not contain. */
export function needsLaunchSbom(input: RestorationInput): boolean {
  const sha = input.previous?.metadata?.sbom ?? ''
  return !input.skipLayers && sha !== '' && hasFeature(input.plan.platformApi, 'sbomLayer') && usableRecord(input)?.sbom.launch?.sha !== sha
}

/**
 * Returns the restoration by buildpack ID, for every buildpack of the previous image or the record. A `kept` layer with an empty
 * fingerprint is one with contents elsewhere (pack's cache), or one that must be read for verification. Names that lead out of the
 * buildpack's directory are omitted, because labels are not trusted.
 */
export function planRestoration(input: RestorationInput): Restoration {
  const { previous, plan, skipLayers } = input
  const record = usableRecord(input)
  const known = previous?.metadata?.buildpacks ?? []
  const sboms = skipLayers || !hasFeature(plan.platformApi, 'sbomLayer') ? [] : [cacheSbom(record), launchSbom(input, record)]
  const restoration = new Map<string, RestoredBuildpack>()
  for (const id of new Set([...known, ...(record?.buildpacks ?? [])].map((buildpack) => buildpack.id))) {
    if (!isBuildpackId(id)) continue
    const app = known.find((buildpack) => buildpack.id === id)
    const cache = new Map(Object.entries(record?.buildpacks.find((buildpack) => buildpack.id === id)?.layers ?? {}).filter(isNamed))
    const layers = skipLayers
      ? { layers: [], lines: [], decisions: [] }
      : restoredLayers(id, new Map([...(app?.layers ?? [])].filter(isNamed)), cache, plan.platformApi)
    restoration.set(id, restoreBuildpack(input, id, app?.store, layers, cache, sboms))
  }
  return restoration
}

function isNamed([name]: readonly [string, unknown]): boolean {
  return isLayerName(name)
}

/** Returns the record unless it belongs to another build user: this one cannot change that user's files. */
function usableRecord({ record, plan, skipLayers }: RestorationInput): CacheRecord | undefined {
  return !skipLayers && record?.uid === plan.builder.uid && record.gid === plan.builder.gid ? record : undefined
}

function cacheSbom(record: CacheRecord | undefined): SbomFiles {
  return fromRecord(record?.sbom.cache?.files)
}

function launchSbom(input: RestorationInput, record: CacheRecord | undefined): SbomFiles {
  const sha = input.previous?.metadata?.sbom ?? ''
  if (sha === '') return new Map()
  const recorded = record?.sbom.launch
  return recorded?.sha === sha ? fromRecord(recorded.files) : (input.launchSbom ?? new Map())
}

function fromRecord(files: Readonly<Record<string, string>> | undefined): SbomFiles {
  return new Map(Object.entries(files ?? {}).map(([path, content]) => [path, Buffer.from(content, 'base64')]))
}

function restoreBuildpack(
  input: RestorationInput,
  id: string,
  store: unknown,
  { layers, lines, decisions }: RestoredLayers,
  cache: ReadonlyMap<string, CachedLayer>,
  sboms: readonly SbomFiles[],
): RestoredBuildpack {
  const { plan } = input
  const api = apiOf(plan, id)
  const directory = escapeId(id)
  // By name: a layer called `store` replaces the buildpack's file, as in the lifecycle.
  const files = new Map<string, Buffer>()
  if (store !== undefined) files.set('store.toml', Buffer.from(storeToml(store)))
  for (const { name, types, data } of layers) files.set(`${name}.toml`, Buffer.from(layerToml({ ...types, data }, api)))
  // The lifecycle creates the directory even for a layer that it then removes, and copies SBOM files into every directory.
  if (files.size > 0 || lines.length > 0) for (const [name, content] of sbomFilesFor(directory, sboms)) files.set(name, content)
  const owned = { uid: plan.builder.uid, gid: plan.builder.gid, mtime: input.mtime ?? Math.floor(Date.now() / 1000) }
  const entries = [...files]
    .sort(([a], [b]) => compareBytes(a, b))
    .map(([name, content]): TarEntry => ({ type: 'file', name: `layers/${directory}/${name}`, ...owned, mode: 0o644, size: content.length, content }))
  return {
    entries: entries.length === 0 ? [] : [{ type: 'directory', name: `layers/${directory}`, ...owned, mode: 0o755, size: 0 }, ...entries],
    kept: layers.flatMap(({ name, contents }) => (contents ? [{ layer: name, fingerprint: cache.get(name)?.fingerprint ?? '' }] : [])),
    lines,
    decisions,
  }
}

/** Returns the API, which determines the format of a layer's file. All since 0.6 agree, so the last version's is close enough. */
function apiOf({ builder, buildpacks }: RestorationInput['plan'], id: string): string {
  const brought = buildpacks.find(({ descriptor }) => descriptor.info.id === id)
  const own = Object.hasOwn(builder.buildpackLayers, id) ? Object.values(builder.buildpackLayers[id] ?? {}) : []
  return brought?.descriptor.api ?? own.at(-1)?.api ?? ''
}

/** By path relative to `/layers/sbom/<kind>`: `<buildpack>/<layer>/sbom.cdx.json`. */
type SbomFiles = ReadonlyMap<string, Buffer>

const LAYER_SBOM = /^([^/]+)\/([^/]+)\/(sbom[^/]+json)$/

/**
 * Returns the files of one buildpack's directory by name: `<layer>.sbom.cdx.json`.
 * @param directory the buildpack's directory: its escaped ID
 * @param sources the cache's files, then the image's, which take precedence
 */
function sbomFilesFor(directory: string, sources: readonly SbomFiles[]): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  for (const source of sources) {
    for (const [path, content] of source) {
      const [, buildpack, layer, file] = LAYER_SBOM.exec(path) ?? []
      const name = `${layer}.${file}`
      if (buildpack === directory && isFileName(name)) files.set(name, content)
    }
  }
  return files
}
