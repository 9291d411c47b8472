/** Saves the cached layers for the next build: the record of the `layers` volume, and the user's cache. */

import { CnbError } from '../../base/errors.ts'
import { decide, type Context } from '../../base/events.ts'
import { escapeId } from '../../buildpacks/buildpack-descriptor.ts'
import type { Layer } from '../../images/image.ts'
import type { Digest } from '../../oci/digest.ts'
import type { BuildPlan } from '../lifecycle.ts'
import type { FinishedBuild } from './run/builder-run.ts'
import { makeRecord, type RecordInput } from './cache/record.ts'
import type { SharedCache } from './cache/shared-cache.ts'
import type { Export } from './export/export.ts'
import { treeDirectoryLayer } from './export/tree-directory.ts'
import type { BuiltBuildpack, CacheRecord, KnownApp, KnownLauncher } from './model.ts'

export interface CacheRecordInput {
  readonly plan: BuildPlan
  readonly built: FinishedBuild
  readonly buildpacks: readonly BuiltBuildpack[]
  readonly exported: Export
  readonly launcher: KnownLauncher | undefined
  readonly app: KnownApp | undefined
  readonly layerOf: (buildpackId: string, layer: string) => Promise<Layer>
  /** The cache image or directory that the user chose. */
  readonly shared: SharedCache | undefined
}

/**
 * Fills the cache that the user chose, and returns the record. The image does not depend on them, so a cache that cannot be written
 * causes only a warning.
 */
export async function saveCacheRecord(input: CacheRecordInput, context: Context): Promise<CacheRecord> {
  const { shared } = input
  if (!shared) return volumeRecord(input, context)
  try {
    return await fillShared(input, shared, context)
  } catch (error) {
    context.signal?.throwIfAborted()
    if (!(error instanceof CnbError)) throw error
    const message = `the image is built, but the cache in ${shared.place} is unchanged: ${error.message}`
    context.events?.({ type: 'warning', message })
    return volumeRecord(input, context)
  }
}

function volumeRecord(input: CacheRecordInput, context: Context): CacheRecord {
  return record(input, (id, { name }) => {
    const fingerprint = reliableFingerprint(input.built, input.plan, `${escapeId(id)}/${name}`)
    const subject = { kind: 'cached layer', name: `${id}:${name}` } as const
    if (fingerprint === undefined) decide(context, subject, 'not kept', 'no fingerprint of its files could be taken, by which the next build could verify them')
    else decide(context, subject, 'kept', CACHED)
    // A layer outside of the image needs no digest: the fingerprint identifies it without reading the layer.
    return fingerprint === undefined ? undefined : { fingerprint, sha: input.exported.layerShas.get(`${id}:${name}`) ?? `sha256:${fingerprint}` }
  })
}

async function fillShared(input: CacheRecordInput, shared: SharedCache, context: Context): Promise<CacheRecord> {
  const { plan, built, exported, layerOf } = input
  const digests = await digestsOf(input, context)
  const whole = record(input, (id, { name }) => {
    const sha = digests.get(`${id}:${name}`)
    return sha && { sha, fingerprint: reliableFingerprint(built, plan, `${escapeId(id)}/${name}`) ?? '' }
  })
  const sbom = await treeDirectoryLayer(exported.tree, 'sbom/cache', plan.builder)
  await shared.fill({ record: whole, layerOf, sbom }, context)
  return whole
}

const CACHED = 'its buildpack marks it with cache = true'

function record({ plan, buildpacks, exported, launcher, app }: CacheRecordInput, contents: RecordInput['contents']): CacheRecord {
  return makeRecord({ plan, buildpacks, contents, sbom: exported.sbom, launcher, app })
}

/** Returns the diffIDs of all cached layers; a directory that cannot be a layer is omitted, with a warning. */
async function digestsOf({ buildpacks, layerOf }: CacheRecordInput, context: Context): Promise<Map<string, Digest>> {
  const digests = new Map<string, Digest>()
  for (const { buildpack, layers } of buildpacks) {
    for (const { name, cache, hasContents, malformed } of layers) {
      if (!cache || !hasContents || malformed !== undefined) continue
      const key = `${buildpack.id}:${name}`
      try {
        digests.set(key, (await layerOf(buildpack.id, name)).diffId)
        decide(context, { kind: 'cached layer', name: key }, 'kept', CACHED)
      } catch (error) {
        if (!(error instanceof CnbError && error.code === 'CNB_EXPORT_FAILED')) throw error
        context.events?.({ type: 'warning', message: `cannot cache layer '${key}': ${error.message}` })
        decide(context, { kind: 'cached layer', name: key }, 'not kept', error.message)
      }
    }
  }
  return digests
}

/** Returns the fingerprint of a layer with usual parent directories, because a fingerprint does not cover the directories above. */
export function reliableFingerprint({ fingerprints, tree }: Pick<FinishedBuild, 'fingerprints' | 'tree'>, { builder }: BuildPlan, path: string): string | undefined {
  const isUsual = (above: string): boolean => {
    const entry = tree.get(above)
    return entry?.type === 'directory' && (entry.mode & 0o7777) === 0o755 && entry.uid === builder.uid && entry.gid === builder.gid
  }
  return isUsual('') && isUsual(path.slice(0, path.lastIndexOf('/'))) ? fingerprints.get(path) : undefined
}
