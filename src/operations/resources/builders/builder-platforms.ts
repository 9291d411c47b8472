/** The platforms of a builder: those of its stack that its lifecycle and its buildpacks have too. */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { formatPlatform, platformMatches, type Platform } from '../../../oci/platform.ts'
import type { AnyBuilder } from '../../../reconcile/state.ts'
import type { ServiceAccountReference } from '../../../resources/kinds/parts.ts'
import { shownResource } from '../resource-word.ts'
import type { ReconcileScope } from '../scope.ts'
import { builderAccount, type BuilderParts } from './assemble-builder.ts'
import { resolveFor } from './reconcile-bases.ts'
import { findResourceImage, type SeenImage } from './resource-images.ts'
import { resolveOrder } from './resolve-order.ts'

/**
 * Returns the parts for each platform, first those of this machine's platform. Images are the indexes that the resources were resolved with,
 * so this reads nothing from registries that is in the cache. Warns of each platform of the stack that another image lacks.
 * @throws CnbError CNB_BUILDPACK_*, and those of resolving the resources
 */
export async function partsOfPlatforms(builder: AnyBuilder, parts: BuilderParts, scope: ReconcileScope, context: Context): Promise<[BuilderParts, ...BuilderParts[]]> {
  const { stack, lifecycle } = parts
  const { platform: own } = scope.services
  const { spec: { serviceAccountRef: stackAccount = builderAccount(builder), buildImage, runImage } } = stack
  const seen = (name: string, account: ServiceAccountReference | undefined): Promise<SeenImage> => seenImage(name, account, scope, context)
  const [build, run] = await Promise.all([seen(buildImage.image, stackAccount), seen(runImage.image, stackAccount)])
  const candidates = [...new Map(build.platforms.map((each) => [formatPlatform(each), each])).values()]
  candidates.push(...run.platforms.filter((platform) => !has(build, platform)))
  if (candidates.length < 2) return [parts]

  const ordersOf = (of: BuilderParts) => [resolveOrder(builder.spec.order, of), resolveOrder(builder.spec.orderExtensions, of, 'extensions')]
  const orders = ordersOf(parts)
  const packages = new Map(orders.flatMap(({ buildpacks }) => buildpacks).flatMap(({ status: { storeImage }, account }) => (storeImage ? [[storeImage.image, account] as const] : [])))
  const others = await Promise.all([
    seen(lifecycle.spec.image, lifecycle.spec.serviceAccountRef ?? builderAccount(builder)),
    ...[...packages].map(([name, account]) => seen(name, account)),
  ])
  const images = new Map([[buildImage.image, build], [runImage.image, run], [lifecycle.spec.image, others[0]], ...[...packages.keys()].map((name, at) => [name, others[at + 1]!] as const)])
  const wanted = candidates.filter((platform) => {
    const lacking = [...images].filter(([, image]) => !has(image, platform)).map(([name]) => name)
    if (lacking.length === 0) return true
    if (!platformMatches(platform, own)) context.events?.({ type: 'warning', message: `${shownResource(builder)} is not made for ${formatPlatform(platform)}: ${lacking.join(', ')} has no image for it` })
    return false
  })
  if (wanted.length < 2 || !wanted.some((platform) => platformMatches(platform, own))) return [parts]

  const expected = JSON.stringify(orders.map(({ order }) => order))
  const resolved = await Promise.all(wanted.map(async (platform) => {
    const part = await partsFor(parts, platform, scope, context)
    if (JSON.stringify(ordersOf(part).map(({ order }) => order)) === expected) return { platform, part }
    throw new CnbError('CNB_BUILDPACK_INVALID', `the buildpacks of the order have other versions for ${formatPlatform(platform)}`, { hint: 'Write the versions in the order, or package the same ones for all platforms.' })
  }))
  const ofOwn = ({ platform }: { platform: Platform }): boolean => platformMatches(platform, own)
  return [...resolved.filter(ofOwn), ...resolved.filter((each) => !ofOwn(each))].map(({ part }) => part) as [BuilderParts, ...BuilderParts[]]
}

async function seenImage(name: string, account: ServiceAccountReference | undefined, { accounts, services, cache, seen }: ReconcileScope, context: Context): Promise<SeenImage> {
  const known = seen.get(name)
  if (known) return known
  await findResourceImage(name, { registries: await accounts.registriesOf(account), platform: services.platform, cache, seen }, context)
  return seen.get(name)!
}

/** An image without architecture is for all. */
function has({ platforms }: SeenImage, wanted: Platform): boolean {
  return platforms.some((platform) => platformMatches(platform.architecture === '' ? { ...platform, architecture: wanted.architecture } : platform, wanted))
}

async function partsFor({ stack, lifecycle, store, buildpacks = [], clusterBuildpacks = [] }: BuilderParts, platform: Platform, scope: ReconcileScope, context: Context): Promise<BuilderParts> {
  const [ofStack, ofLifecycle, ofStore, own, ofCluster] = await Promise.all([
    resolveFor(stack, platform, scope, context),
    resolveFor(lifecycle, platform, scope, context),
    store && resolveFor(store, platform, scope, context),
    Promise.all(buildpacks.map((each) => resolveFor(each, platform, scope, context))),
    Promise.all(clusterBuildpacks.map((each) => resolveFor(each, platform, scope, context))),
  ])
  return { stack: ofStack, lifecycle: ofLifecycle, store: ofStore, buildpacks: own, clusterBuildpacks: ofCluster }
}
