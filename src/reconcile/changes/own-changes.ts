/** Changes that kpack does not compare (kpack's issues 803, 380, 1089, 1198). */

import { isDeepStrictEqual } from 'node:util'
import type { Build } from '../../resources/kinds/build.ts'
import type { Image } from '../../resources/kinds/image.ts'
import type { ResolvedSource } from '../../resources/kinds/source-resolver.ts'
import { isDigest } from '../../oci/digest.ts'
import type { Change, OwnReason, Priority } from './changes.ts'
import { BUILDER_KIND, BUILDER_NAME, outcomeOf, type AnyBuilder } from '../state.ts'
import { choiceOfBuild, choiceOfImage } from '../tags.ts'

/** Annotations of a Build by which the next decision recognises changes; kpack ignores them. */
export const SOURCE_REVISION = 'cnb.dev/sourceRevision'
export const FINGERPRINTS = 'cnb.dev/fingerprints'

/** Names and short fingerprints of the things outside of an Image that can let a build fail; no secret may be guessed from them. */
export type Fingerprints = Readonly<Record<string, string>>

/** Returns the change of a source that is not git: kpack does not look at these again. */
export function revisionChange(last: Build, source: ResolvedSource): Change[] {
  const old = last.metadata.annotations?.[SOURCE_REVISION]
  const revision = revisionOf(source)
  return old === undefined || revision === undefined ? [] : changed('COMMIT', old, revision, 1000)
}

/** Returns the state of the files of a source that is not git. */
export function revisionOf({ blob, registry, local }: ResolvedSource): string | undefined {
  return (blob ?? registry ?? local)?.digest
}

/** Returns the changes of settings that kpack applies only with the next build. */
export function settingChanges(image: Image, last: Build, builder: AnyBuilder): Change[] {
  return [
    ...builderChange(last, builder),
    ...changed('PROCESS', last.spec.defaultProcess ?? '', image.spec.defaultProcess ?? '', 1000),
    ...changed('DESCRIPTOR', last.spec.projectDescriptorPath ?? '', image.spec.projectDescriptorPath ?? '', 1000),
    // An invalid name makes a Build without tags, which would be made again for ever.
    ...((last.spec.tags ?? []).length > 0 ? changed('TAGS', choiceOfBuild(last.spec.tags), choiceOfImage(image.spec), 1000) : []),
    ...changed('CACHE', cacheOfBuild(last), cacheOfImage(image), 1000),
  ]
}

/** Where builders and images are saved. */
export type Place = 'registry' | 'engine'

/** Returns where a Build's image is: an engine's image is recorded by its ID, which has no registry. */
export function placeOf(latestImage: string): Place {
  return isDigest(latestImage) ? 'engine' : 'registry'
}

/** Returns the reason to build an image that is not at its place. @param isLost whether the engine no longer has it */
export function placeChange({ status }: Build, place: Place, isLost: boolean): Change[] {
  const { latestImage } = status ?? {}
  return latestImage === undefined ? [] : changed('PLACE', isLost ? 'nowhere' : placeOf(latestImage), place, 1)
}

/** Returns the reason to try a failed build again; shows only what changed. */
export function retryChange(last: Build, builder: AnyBuilder, fingerprints: Fingerprints): Change[] {
  if (outcomeOf(last) !== 'failed') return []
  const before: Fingerprints = { ...readFingerprints(last), builder: last.spec.builder.image ?? '' }
  const after: Fingerprints = { ...fingerprints, builder: builder.status?.latestImage ?? '' }
  const names = Object.keys(after).filter((name) => name in before && before[name] !== after[name])
  if (names.length === 0) return []
  const only = (from: Fingerprints) => Object.fromEntries(names.sort().map((name) => [name, from[name]]))
  return [{ reason: 'RETRY', old: only(before), new: only(after), priority: 1 }]
}

function readFingerprints(build: Build): Fingerprints {
  try {
    const value: unknown = JSON.parse(build.metadata.annotations?.[FINGERPRINTS] ?? '{}')
    return typeof value === 'object' && value !== null ? { ...(value as Fingerprints) } : {}
  } catch {
    return {}
  }
}

/** A build that kpack made may have no kind. */
function builderChange(last: Build, { kind, metadata }: AnyBuilder): Change[] {
  const { [BUILDER_NAME]: name, [BUILDER_KIND]: oldKind } = last.metadata.annotations ?? {}
  if (name === undefined) return []
  return changed('BUILDER', `${oldKind || kind}/${name}`, `${kind}/${metadata.name}`, 1000)
}

/** kpack's first build with a volume does not have its name. */
function cacheOfBuild({ spec: { cache } }: Build): string {
  return cache?.registry ? `registry ${cache.registry.tag}` : cache?.volume ? 'volume' : 'none'
}

function cacheOfImage({ spec: { cache } }: Image): string {
  return cache?.registry?.tag ? `registry ${cache.registry.tag}` : cache?.volume?.size !== undefined ? 'volume' : 'none'
}

function changed<Value>(reason: OwnReason | 'COMMIT', old: Value, value: Value, priority: Priority): Change[] {
  return isDeepStrictEqual(old, value) ? [] : [{ reason, old, new: value, priority }]
}
