/** The spec of an Image from kp's options (`pkg/image/factory.go` and `update_factory.go` of kp). */

import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { formatQuantity, parseQuantity } from '../../../resources/fields/quantity.ts'
import type { Image, ImageSpec } from '../../../resources/kinds/image.ts'
import type { EnvVar, ObjectReference, SourceConfig } from '../../../resources/kinds/parts.ts'
import { usage } from './usage.ts'

/** The options of `cnb image create|patch|save`. */
export interface ImageSpecOptions {
  readonly tag?: string
  readonly additionalTags?: readonly string[]
  readonly replaceAdditionalTags?: readonly string[]
  readonly deleteAdditionalTags?: readonly string[]
  readonly git?: string
  readonly gitRevision?: string
  readonly blob?: string
  /** A directory, which is built as it is: kp uploads it as an image. */
  readonly localPath?: string
  readonly subPath?: string
  readonly builder?: string
  readonly clusterBuilder?: string
  readonly env?: readonly string[]
  readonly deleteEnv?: readonly string[]
  /** `KIND:APIVERSION:NAME`, or the name of a Secret. */
  readonly serviceBindings?: readonly string[]
  readonly deleteServiceBindings?: readonly string[]
  readonly cacheSize?: string
  readonly successBuildHistoryLimit?: number
  readonly failedBuildHistoryLimit?: number
  readonly serviceAccount?: string
}

/** kp's default. */
const REVISION = 'main'

/**
 * Returns the spec with the options' changes; the other fields stay.
 * @param cwd where a relative local path begins
 * @throws CnbError CNB_USAGE for options that exclude each other or name something absent
 */
export function imageSpec(before: Image | undefined, options: ImageSpecOptions, cwd: string, namespace?: string): ImageSpec {
  const { tag, builder, clusterBuilder, cacheSize, serviceAccount, successBuildHistoryLimit, failedBuildHistoryLimit } = options
  if (!before && tag === undefined) throw usage('--tag is required to create the resource', 'Add --tag with the name of the image to build.')
  if (builder !== undefined && clusterBuilder !== undefined) throw usage('must provide one of builder or cluster-builder', 'Leave one out.')
  if ([successBuildHistoryLimit, failedBuildHistoryLimit].includes(0)) throw usage('must provide a valid build history limit > 0', 'Keep one build or more.')
  const spec = before?.spec
  const reference: ObjectReference | undefined = builder !== undefined ? { kind: 'Builder', ...(namespace === undefined ? {} : { namespace }), name: builder } : clusterBuilder !== undefined ? { kind: 'ClusterBuilder', name: clusterBuilder } : undefined
  const account = serviceAccount ?? (before ? undefined : 'default')
  const tags = additionalTags(spec?.additionalTags ?? [], options)
  const [variables, bindings] = [env(spec?.build?.env ?? [], options), services(spec?.build?.services ?? [], options)]
  const { additionalTags: _tags, build: { env: _env, services: _services, ...build } = {}, ...rest } = spec ?? {}
  const hasBuild = spec?.build !== undefined || variables.length > 0 || bindings.length > 0
  return {
    ...rest,
    tag: tag ?? spec?.tag ?? '',
    ...listed('additionalTags', tags),
    builder: reference ?? spec?.builder ?? { kind: 'ClusterBuilder', name: 'default' },
    ...(account === undefined ? {} : { serviceAccountName: account }),
    source: source(spec?.source, options, cwd),
    ...(cacheSize === undefined ? {} : { cache: { ...spec?.cache, volume: { ...spec?.cache?.volume, size: amount(cacheSize) } } }),
    ...(successBuildHistoryLimit === undefined ? {} : { successBuildHistoryLimit }),
    ...(failedBuildHistoryLimit === undefined ? {} : { failedBuildHistoryLimit }),
    ...(hasBuild ? { build: { ...build, ...listed('env', variables), ...listed('services', bindings) } } : {}),
  }
}

/** kp fails too: it uploads the directory. @throws CnbError CNB_USAGE for another path */
export async function checkLocalPath(path: string, cwd: string): Promise<void> {
  const found = await stat(resolve(cwd, path)).catch(() => undefined)
  if (!found?.isDirectory()) throw usage(`cannot use --local-path '${path}': it is not a directory`, 'Name the directory of the app.')
}

/** Leaves out an empty list, as Go does. */
function listed<Key extends string, Item>(key: Key, items: Item[]): { [K in Key]?: Item[] } {
  return (items.length > 0 ? { [key]: items } : {}) as { [K in Key]?: Item[] }
}

function amount(text: string): string {
  const quantity = parseQuantity(text)
  if (typeof quantity === 'string') throw usage('invalid cache size, must be valid quantity ex. 2G', 'Write an amount with a unit.')
  if (quantity.nano <= 0n) throw usage('cache size must be greater than 0', 'Write an amount such as 2G.')
  return formatQuantity(quantity)
}

function source(before: SourceConfig | undefined, { git, gitRevision, blob, localPath, subPath }: ImageSpecOptions, cwd: string): SourceConfig {
  const given = [git, blob, localPath].filter((each) => each !== undefined).length
  if (given > 1 || (!before && given === 0)) throw usage('image source must be one of git, blob, or local-path', 'Name one source.')
  if ((blob ?? localPath) !== undefined && gitRevision !== undefined) throw usage('git-revision is incompatible with blob and local path image sources', 'Leave --git-revision out.')
  if (given === 0 && gitRevision !== undefined && !before?.git) throw usage('git-revision is incompatible with existing image source', 'Name the repository with --git.')
  const { subPath: oldSubPath, ...old } = before ?? {}
  const changed: SourceConfig =
    git !== undefined ? { git: { url: git, revision: gitRevision ?? REVISION } }
    : blob !== undefined ? { blob: { url: blob } }
    : localPath !== undefined ? { local: { path: resolve(cwd, localPath) } }
    : old.git && gitRevision !== undefined ? { git: { ...old.git, revision: gitRevision } }
    : old
  const path = subPath ?? oldSubPath
  return path ? { ...changed, subPath: path } : changed
}

function additionalTags(before: readonly string[], { additionalTags: added = [], replaceAdditionalTags: replaced, deleteAdditionalTags: deleted = [] }: ImageSpecOptions): string[] {
  if (replaced) {
    if (added.length > 0 || deleted.length > 0) throw usage('replace-additional-tag is not compatible with additional-tag and delete-additional-tag flag', 'Leave them out.')
    return [...replaced]
  }
  refuseUnknown('additional-tag', 'existing image additional tags', deleted, before, added)
  const kept = before.filter((tag) => !deleted.includes(tag))
  return [...new Set([...kept, ...added])]
}

function env(before: readonly EnvVar[], { env: given = [], deleteEnv = [] }: ImageSpecOptions): EnvVar[] {
  const added = given.map((word): EnvVar => {
    const at = word.indexOf('=')
    if (at <= 0) throw usage('env vars are improperly formatted', 'Write them as NAME=VALUE.')
    return { name: word.slice(0, at), value: word.slice(at + 1) }
  })
  refuseUnknown('env', 'existing image configuration', deleteEnv, before.map(({ name }) => name), added.map(({ name }) => name))
  const variables = new Map(before.filter(({ name }) => !deleteEnv.includes(name)).map((variable) => [variable.name, variable]))
  for (const variable of added) variables.set(variable.name, variable)
  return [...variables.values()]
}

function refuseUnknown(option: string, place: string, deleted: readonly string[], before: readonly string[], added: readonly string[]): void {
  for (const each of deleted) {
    if (!before.includes(each)) throw usage(`delete-${option} parameter '${each}' not found in ${place}`, 'Leave it out.')
    if (added.includes(each)) throw usage(`duplicate delete-${option} and ${option === 'env' ? 'env-var' : option} parameter '${each}'`, 'Leave one out.')
  }
}

function services(before: readonly ObjectReference[], { serviceBindings: added = [], deleteServiceBindings: deleted = [] }: ImageSpecOptions): ObjectReference[] {
  const isSame = (a: ObjectReference, b: ObjectReference): boolean => a.kind === b.kind && a.name === b.name && a.apiVersion === b.apiVersion
  const removed = deleted.map(binding)
  const kept = before.filter((service) => !removed.some((each) => isSame(each, service)))
  return added.map(binding).reduce<ObjectReference[]>((all, service) => (all.some((each) => isSame(each, service)) ? all : [...all, service]), [...kept])
}

function binding(word: string): ObjectReference {
  const [first = '', apiVersion, name, ...rest] = word.split(':')
  if (apiVersion === undefined) return { kind: 'Secret', name: first }
  if (name === undefined || rest.length > 0) throw usage('service bindings are improperly formatted', 'Write KIND:APIVERSION:NAME, or the name of a Secret.')
  return { kind: first, apiVersion, name }
}
