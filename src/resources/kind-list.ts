/** All kinds, in the order in which they are applied: what others refer to comes first. */

import { CnbError } from '../base/errors.ts'
import type { AnyResource, Kind } from './kind.ts'
import {
  BUILDPACK, CLUSTER_BUILDPACK, CLUSTER_LIFECYCLE, CLUSTER_STACK, CLUSTER_STORE,
  type Buildpack, type ClusterBuildpack, type ClusterLifecycle, type ClusterStack, type ClusterStore,
} from './kinds/bases.ts'
import { BUILD, type Build } from './kinds/build.ts'
import { BUILDER, CLUSTER_BUILDER, type Builder, type ClusterBuilder } from './kinds/builder.ts'
import { CONFIG_MAP, SECRET, SERVICE_ACCOUNT, type ConfigMap, type Secret, type ServiceAccount } from './kinds/core.ts'
import { IMAGE } from './kinds/image-kind.ts'
import type { Image } from './kinds/image.ts'
import { SOURCE_RESOLVER, type SourceResolver } from './kinds/source-resolver.ts'
import { nearNames } from './near-names.ts'

/** The type of each kind's resources. */
export interface ResourceTypes {
  Secret: Secret
  ServiceAccount: ServiceAccount
  ConfigMap: ConfigMap
  ClusterLifecycle: ClusterLifecycle
  ClusterStack: ClusterStack
  ClusterStore: ClusterStore
  Buildpack: Buildpack
  ClusterBuildpack: ClusterBuildpack
  Builder: Builder
  ClusterBuilder: ClusterBuilder
  Image: Image
  SourceResolver: SourceResolver
  Build: Build
}

export type KindName = keyof ResourceTypes

export const KINDS: readonly Kind[] = [
  SECRET, SERVICE_ACCOUNT, CONFIG_MAP, CLUSTER_LIFECYCLE, CLUSTER_STACK, CLUSTER_STORE, BUILDPACK, CLUSTER_BUILDPACK, BUILDER, CLUSTER_BUILDER, IMAGE,
  SOURCE_RESOLVER, BUILD,
]

const BY_NAME: ReadonlyMap<string, Kind> = new Map(KINDS.map((kind) => [kind.kind, kind]))

export function kindOf(resource: AnyResource): Kind | undefined {
  return BY_NAME.get(resource.kind)
}

export function isKind<Name extends KindName>(resource: AnyResource, kind: Name): resource is ResourceTypes[Name] {
  return resource.kind === kind
}

/** The words for a kind: kubectl's, with or without the group. */
function wordsOf({ kind, plural, shortNames, group }: Kind): string[] {
  const words = [plural, kind.toLowerCase(), ...shortNames]
  return group === '' ? words : [...words, ...words.map((word) => `${word}.${group}`)]
}

/**
 * Finds a kind by any of its names: `image`, `images`, `img`, `images.kpack.io`.
 * @throws CnbError CNB_USAGE
 */
export function findKind(word: string): Kind {
  const wanted = word.toLowerCase()
  const found = KINDS.find((kind) => wordsOf(kind).includes(wanted))
  if (found) return found
  const [near] = nearNames(wanted, KINDS.flatMap(wordsOf))
  throw new CnbError('CNB_USAGE', `cannot find the kind '${word}'`, {
    hint: near === undefined ? `Name one of: ${KINDS.map(({ plural }) => plural).join(', ')}.` : `Did you mean '${near}'?`,
  })
}

/** Finds kinds by a name, or by the category `kpack`: all kinds of kpack. @throws CnbError CNB_USAGE */
export function findKinds(word: string): readonly Kind[] {
  return word.toLowerCase() === 'kpack' ? KINDS.filter(({ group }) => group === 'kpack.io') : [findKind(word)]
}
