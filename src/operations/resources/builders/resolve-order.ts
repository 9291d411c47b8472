/** Resolves the order of a builder: finds its buildpacks (kpack's pkg/cnb/buildpack_resolver.go). */

import { CnbError } from '../../../base/errors.ts'
import { compareVersions } from '../../../buildpacks/registry/compare-versions.ts'
import type { Buildpack, ClusterBuildpack, ClusterStore } from '../../../resources/kinds/bases.ts'
import type { BuilderOrderGroupEntry, BuilderTemplate } from '../../../resources/kinds/builder.ts'
import { nearNames } from '../../../resources/near-names.ts'
import type { BuildpackStatus, OrderEntry, ServiceAccountReference } from '../../../resources/kinds/parts.ts'
import { accountOf } from '../accounts.ts'

/** The resources with buildpacks for a builder. */
export interface BuildpackResources {
  readonly store?: ClusterStore | undefined
  /** Those of the builder's namespace; none for a ClusterBuilder. */
  readonly buildpacks?: readonly Buildpack[]
  readonly clusterBuildpacks?: readonly ClusterBuildpack[]
}

/** A buildpack, and the service account that reads its layer; undefined for the default credentials. */
export interface ResolvedBuildpack {
  readonly status: BuildpackStatus
  readonly account: ServiceAccountReference | undefined
}

export interface ResolvedOrder {
  /** With versions. */
  readonly order: OrderEntry[]
  /** All buildpacks of the order, with those of composite ones. */
  readonly buildpacks: ResolvedBuildpack[]
}

type Kind = 'buildpacks' | 'extensions'

/**
 * Resolves an order. An entry without version is the newest one of all resources; messages are kpack's.
 * @throws CnbError CNB_BUILDPACK_NOT_FOUND, CNB_BUILDPACK_INVALID for a composite buildpack in its own order
 */
export function resolveOrder(order: BuilderTemplate['order'], resources: BuildpackResources, kind: Kind = 'buildpacks'): ResolvedOrder {
  const pools = poolsOf(resources, kind)
  const members = membersOf(pools)
  const found: ResolvedBuildpack[] = []
  const resolved = (order ?? []).map(({ group = [] }): OrderEntry => ({
    group: group.map((entry) => {
      const buildpack = resolve(entry, pools)
      found.push(...members(buildpack))
      const { id, version } = buildpack.status
      return { id, ...(version === '' ? {} : { version }), ...(entry.optional ? { optional: true } : {}) }
    }),
  }))
  return { order: resolved, buildpacks: lastOfEach(found) }
}

/** The buildpacks of resources, in the order in which they are searched. */
interface Pools {
  readonly all: readonly ResolvedBuildpack[]
  readonly named: (kind: string, name: string | undefined) => readonly ResolvedBuildpack[] | undefined
}

function poolsOf({ store, buildpacks = [], clusterBuildpacks = [] }: BuildpackResources, kind: Kind): Pools {
  const own = (resource: Buildpack | ClusterBuildpack | ClusterStore, account: ServiceAccountReference | undefined): ResolvedBuildpack[] =>
    (resource.status?.[kind] ?? []).map((status) => ({ status, account }))
  const ofBuildpack = (each: Buildpack): ResolvedBuildpack[] => own(each, accountOf(each))
  const ofCluster = (each: ClusterBuildpack | ClusterStore): ResolvedBuildpack[] => own(each, each.spec.serviceAccountRef)
  return {
    all: [...buildpacks.flatMap(ofBuildpack), ...clusterBuildpacks.flatMap(ofCluster), ...(store ? ofCluster(store) : [])],
    named(kind, name) {
      const isIt = ({ metadata }: Buildpack | ClusterBuildpack): boolean => metadata.name === name
      if (kind === 'Buildpack') return buildpacks.filter(isIt).slice(0, 1).map(ofBuildpack)[0]
      return clusterBuildpacks.filter(isIt).slice(0, 1).map(ofCluster)[0]
    },
  }
}

function resolve({ kind, name, id = '', version = '', image }: BuilderOrderGroupEntry, pools: Pools): ResolvedBuildpack {
  const candidates = kind ? inResource({ kind, name, id }, pools) : inAll({ id, image }, pools)
  if (candidates.length === 0) throw notFound(`could not find buildpack with id '${id}'`, nearNames(id, pools.all.map(({ status }) => status.id))[0])
  if (version === '') return newest(candidates)
  const found = candidates.find(({ status }) => status.version === version)
  if (found) return found
  throw notFound(`could not find buildpack with id '${id}' and version '${version}'`)
}

function inAll({ id, image }: { id: string; image?: string | undefined }, { all }: Pools): ResolvedBuildpack[] {
  if (id !== '') return all.filter(({ status }) => status.id === id)
  throw notFound(image ? 'using images in builders not currently supported' : 'invalid buildpack reference')
}

function inResource({ kind, name, id }: { kind: string; name: string | undefined; id: string }, { named }: Pools): readonly ResolvedBuildpack[] {
  if (kind !== 'Buildpack' && kind !== 'ClusterBuildpack') throw notFound('kind must be either Buildpack or ClusterBuildpack')
  const known = named(kind, name)
  const noun = kind === 'Buildpack' ? 'buildpack' : 'cluster buildpack'
  if (!known) throw notFound(id === '' ? `no ${noun} with name '${name ?? ''}'` : `${noun} not found: ${name ?? ''}`)
  if (id !== '') return known.filter(({ status }) => status.id === id)
  const inOrders = new Set(known.flatMap(({ status }) => (status.order ?? []).flatMap(({ group }) => group.map((entry) => entry.id))))
  const roots = known.filter(({ status }) => !inOrders.has(status.id))
  if (roots.length !== 1) throw notFound(`unexpected number of root buildpacks: ${roots.length}`)
  return roots
}

/** Returns the newest buildpack; of equal versions the last, as kpack. */
function newest(candidates: readonly ResolvedBuildpack[]): ResolvedBuildpack {
  const versions = candidates.map((buildpack) => {
    const { id, version } = buildpack.status
    const normal = normalVersion(version)
    if (normal === undefined) throw notFound(`cannot find buildpack '${id}' with latest version due to invalid semver '${version}'`)
    return { buildpack, normal }
  })
  return versions.reduce((best, each) => (compareVersions(each.normal, best.normal) >= 0 ? each : best)).buildpack
}

const LOOSE = /^v?(\d{1,20})(?:\.(\d{1,20}))?(?:\.(\d{1,20}))?(-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/

/** Reads `v1`, `1.2` and `01.2.3-rc.1+x` too, as github.com/Masterminds/semver. Returns undefined for other text. */
function normalVersion(text: string): string | undefined {
  const [whole, major = '0', minor = '0', patch = '0', prerelease = ''] = LOOSE.exec(text) ?? []
  const hasLeadingZero = prerelease.slice(1).split('.').some((part) => /^0\d+$/.test(part))
  return whole === undefined || hasLeadingZero ? undefined : `${[major, minor, patch].map(BigInt).join('.')}${prerelease}`
}

/** Returns a function that lists a buildpack after all buildpacks of its order. */
function membersOf(pools: Pools): (buildpack: ResolvedBuildpack) => readonly ResolvedBuildpack[] {
  const known = new Map<BuildpackStatus, readonly ResolvedBuildpack[]>()
  const list = (buildpack: ResolvedBuildpack, above: ReadonlySet<BuildpackStatus>): readonly ResolvedBuildpack[] => {
    const { status } = buildpack
    const listed = known.get(status)
    if (listed) return listed
    if (above.has(status)) throw new CnbError('CNB_BUILDPACK_INVALID', `buildpack '${status.id}@${status.version}' is in its own order`)
    const inner = (status.order ?? []).flatMap(({ group }) => group.map(({ id, version }) => resolve({ id, ...(version ? { version } : {}) }, pools)))
    const members = lastOfEach([...inner.flatMap((each) => list(each, new Set([...above, status]))), buildpack])
    known.set(status, members)
    return members
  }
  return (buildpack) => list(buildpack, new Set())
}

/** Of several with one name and homepage, kpack uses the last. */
function lastOfEach(buildpacks: readonly ResolvedBuildpack[]): ResolvedBuildpack[] {
  return [...new Map(buildpacks.map((each) => [JSON.stringify([each.status.id, each.status.version, each.status.homepage]), each])).values()]
}

/** @param near a buildpack with a similar id */
function notFound(message: string, near?: string): CnbError {
  return new CnbError('CNB_BUILDPACK_NOT_FOUND', message, { hint: near === undefined ? "Correct the builder's order, or add the buildpack to its store." : `Did you mean '${near}'?` })
}
