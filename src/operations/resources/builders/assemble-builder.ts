/** Publishes the image of a Builder or ClusterBuilder (kpack's pkg/cnb/create_builder.go). */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { NAME, VERSION } from '../../../base/version.ts'
import { checkKpackBuildpacks, checkKpackPlatform, checkLifecyclePlatform } from '../../../builder/kpack/check-kpack.ts'
import { planKpackBuilder, type StoredPlan } from '../../../builder/kpack/kpack-builder.ts'
import { copyOf, indexOf, publishStored, publishStoredIndex, type IndexedPublication, type StoredPublication } from '../../../images/remote/publish-stored.ts'
import type { ImagePlan } from '../../../images/image.ts'
import type { StoredImage } from '../../../images/stored-image.ts'
import { compareBytes } from '../../../formats/go/json.ts'
import { encodeImageConfig } from '../../../oci/config.ts'
import type { Descriptor } from '../../../oci/descriptor.ts'
import { digestOf } from '../../../oci/digest.ts'
import { formatPlatform } from '../../../oci/platform.ts'
import { contextName, parseReference, parseTag, type Tag } from '../../../oci/reference.ts'
import type { Registries } from '../../../registry/registry.ts'
import type { ClusterLifecycle, ClusterStack } from '../../../resources/kinds/bases.ts'
import type { Builder, BuilderStatus, ClusterBuilder } from '../../../resources/kinds/builder.ts'
import type { ServiceAccountReference } from '../../../resources/kinds/parts.ts'
import { configBlob, findResourceImage, type ResourceServices } from './resource-images.ts'
import { resolveOrder, type BuildpackResources, type ResolvedBuildpack, type ResolvedOrder } from './resolve-order.ts'
import { enginePlan } from './engine-builder.ts'
import { lifecycleOf, moduleOf } from './stored-parts.ts'
import { accountOf } from '../accounts.ts'

/** The resources of a builder, with the status for one platform. */
export interface BuilderParts extends BuildpackResources {
  readonly stack: ClusterStack
  readonly lifecycle: ClusterLifecycle
}

export interface AssemblyServices extends Pick<ResourceServices, 'platform' | 'cache'> {
  /** Returns the registries with the credentials of a service account; of undefined, with the default credentials. */
  readonly registriesOf: (account: ServiceAccountReference | undefined) => Promise<Registries>
  /** Saves a builder on the engine. Without it, builders are published. */
  readonly save?: ((plan: ImagePlan) => Promise<unknown>) | undefined
}

export interface AssemblyOptions {
  /** Makes exactly kpack's image, without run.toml and image extensions. */
  readonly kpackCompatible?: boolean
  /** The version in the label of a compatible builder, such as `v0.18.0 (git sha: …)`. */
  readonly kpackVersion?: string
  /** Publishes nothing, and returns the status that a publication would have. */
  readonly isPlan?: boolean
}

/** The version of a kpack that was built without one. */
const NO_VERSION = 'v0.0.0 (git sha: 000)'

/** The status without conditions and its own generation. */
type AssembledBuilder = Omit<BuilderStatus, 'conditions' | 'observedGeneration'>

/**
 * Assembles and publishes a builder, and a copy of its run image in the same repository, from manifests and configurations: registries
 * mount the layers. Writes nothing that is published already, and nothing before all checks. Several parts become an index; then the
 * status describes the first and has the names of the indexes, which do not depend on this machine's platform. On the engine, a builder needs
 * no copy of its run image, and its name has the digest of its configuration: not all engines have a manifest.
 * @throws CnbError CNB_BUILDPACK_NOT_FOUND, CNB_BUILDPACK_INVALID, CNB_LIFECYCLE_INVALID, CNB_BUILDER_INVALID, CNB_IMAGE_*,
 * CNB_REFERENCE_INVALID, CNB_REGISTRY_*
 */
export async function assembleBuilder(
  builder: Builder | ClusterBuilder,
  parts: readonly [BuilderParts, ...BuilderParts[]],
  services: AssemblyServices,
  options: AssemblyOptions,
  context: Context,
): Promise<AssembledBuilder> {
  const target = { builder, account: builderAccount(builder), tag: builderTag(builder), services, options, context }
  const planned: Planned[] = []
  for (const part of parts) planned.push(await planPart(target, part))
  const [first, ...more] = planned as [Planned, ...Planned[]]
  if (services.save) {
    const plan = enginePlan(first.base, first.plan, target.tag)
    if (!options.isPlan) await services.save(plan)
    return statusOf(first, `${nameOf(target.tag)}@${digestOf(encodeImageConfig(plan.config))}`)
  }
  const [tag, runTag] = [target.tag, runImageTag(target.tag)]
  const registries = await services.registriesOf(target.account)
  if (more.length === 0) {
    if (!options.isPlan) {
      await publishStored(registries, runTag, first.runCopy, context)
      await publishStored(registries, tag, first.image, context)
    }
    return statusOf(first, `${nameOf(tag)}@${first.image.digest}`)
  }
  const copies = sorted(await Promise.all(planned.map(async ({ runCopy, findRunImage }) => ({ ...runCopy, entry: entryOf(await findRunImage()) }))))
  const images = sorted(planned.map(({ image, plan }) => ({ ...image, entry: plannedEntry(plan) })))
  if (!options.isPlan) {
    await publishStoredIndex(registries, runTag, copies, context)
    await publishStoredIndex(registries, tag, images, context)
  }
  const runImage = `${nameOf(runTag)}@${indexOf(copies).digest}`
  return statusOf({ ...first, runImage }, `${nameOf(tag)}@${indexOf(images).digest}`)
}

/** Returns the name of a builder's image: a tag other than `latest` is kept. @throws CnbError CNB_REFERENCE_INVALID */
export function builderTag({ kind, metadata, spec }: Builder | ClusterBuilder): Tag {
  const tag = parseTag(spec.tag)
  if (tag.tag !== 'latest') return tag
  return { ...tag, tag: kind === 'ClusterBuilder' ? `clusterbuilder-${metadata.name}` : `builder-${metadata.namespace ?? 'default'}-${metadata.name}` }
}

function runImageTag(tag: Tag): Tag {
  return { ...tag, tag: `${tag.tag}-run-image` }
}

/** Returns the service account of a builder. */
export function builderAccount({ spec, metadata }: Builder | ClusterBuilder): ServiceAccountReference {
  return 'serviceAccountRef' in spec ? spec.serviceAccountRef : accountOf({ spec, metadata })
}

interface Target {
  readonly builder: Builder | ClusterBuilder
  readonly account: ServiceAccountReference
  readonly tag: Tag
  readonly services: AssemblyServices
  readonly options: AssemblyOptions
  readonly context: Context
}

interface Planned {
  readonly part: BuilderParts
  readonly order: ResolvedOrder
  readonly base: StoredImage
  readonly plan: StoredPlan
  readonly image: StoredPublication
  /** The name of the run image's copy, or of the run image, with its digest. */
  readonly runImage: string
  readonly runCopy: StoredPublication
  readonly findRunImage: () => Promise<StoredImage>
}

async function planPart({ builder: { spec }, account, tag, services, options, context }: Target, part: BuilderParts): Promise<Planned> {
  const { kpackCompatible = false, kpackVersion = NO_VERSION } = options
  const { stack, lifecycle } = part
  const { id = '', mixins = [], userId: uid = 0, groupId: gid = 0, buildImage, runImage } = stack.status ?? {}
  const { registriesOf } = services
  const servicesOf = async ({ spec: { serviceAccountRef = account } }: ClusterStack | ClusterLifecycle): Promise<ResourceServices> => ({ ...services, registries: await registriesOf(serviceAccountRef) })
  const ofStack = await servicesOf(stack)
  const [buildName, runName] = [buildImage, runImage].map((image) => resolved(image?.latestImage, stack)) as [string, string]
  const lifecycleName = resolved(lifecycle.status?.image?.latestImage, lifecycle)
  const [base, lifecycleImage] = await Promise.all([findResourceImage(buildName, ofStack, context), findResourceImage(lifecycleName, await servicesOf(lifecycle), context)])
  if (base.platform.os === 'windows') throw new CnbError('CNB_BUILDER_INVALID', 'windows base images are not supported', { hint: 'Use a build image for Linux.' })
  checkLifecyclePlatform(lifecycle.spec.image, lifecycleImage, base)
  const source = lifecycleOf(lifecycle.status ?? {}, lifecycleImage)
  const order = resolveOrder(spec.order, part)
  const extensions = resolveOrder(kpackCompatible ? [] : spec.orderExtensions, part, 'extensions')
  const modules = ({ buildpacks }: ResolvedOrder) => Promise.all(buildpacks.map(async (buildpack: ResolvedBuildpack) => moduleOf(buildpack, await registriesOf(buildpack.account))))

  const { digest } = parseReference(runName)
  if (!digest) throw new CnbError('CNB_REFERENCE_INVALID', `the run image '${runName}' has no digest`, { hint: 'Resolve the stack again.' })
  const copy = services.save ? runName : `${nameOf(runImageTag(tag))}@${digest}`
  const plan = await planKpackBuilder({
    buildImage: base, user: { uid, gid }, lifecycle: source, buildpacks: await modules(order), order: order.order, runImage: copy, labels: spec.additionalLabels ?? {},
    createdBy: kpackCompatible ? { name: 'kpack Builder', version: kpackVersion } : { name: NAME, version: VERSION },
    more: kpackCompatible ? undefined : { extensions: await modules(extensions), orderExtensions: extensions.order },
  }, context)
  if (kpackCompatible) checkKpackPlatform(source)
  checkKpackBuildpacks(plan.buildpacks, source, { id, mixins })
  const findRunImage = (): Promise<StoredImage> => findResourceImage(runName, ofStack, context)
  const openCopy = async (): ReturnType<StoredPublication['open']> => {
    const found = await findRunImage()
    return copyOf(found, configBlob(ofStack.registries, found))
  }
  return { part, order, base, plan, runImage: copy, findRunImage, image: { digest: digestOf(plan.manifest.content), open: async () => plan }, runCopy: { digest, open: openCopy } }
}

function resolved(name: string | undefined, { kind, metadata }: ClusterStack | ClusterLifecycle): string {
  if (name) return name
  throw new CnbError('CNB_BUILDER_INVALID', `Error: ${kind.toLowerCase()} '${metadata.name}' is not ready`, { hint: 'See its conditions.' })
}

function statusOf({ part: { stack, lifecycle, store }, order: { order }, plan, runImage }: Planned, latestImage: string): AssembledBuilder {
  const { version, api, apis } = lifecycle.status ?? {}
  const [stackGeneration, storeGeneration] = [stack, store].map((resource) => resource?.status?.observedGeneration)
  return {
    ...(plan.buildpacks.length > 0 ? { builderMetadata: plan.buildpacks.map(({ id, version, homepage }) => ({ id, version, ...(homepage ? { homepage } : {}) })) } : {}),
    ...(order.length > 0 ? { order } : {}),
    stack: { runImage, id: stack.status?.id ?? '' },
    lifecycle: { image: {}, ...(version ? { version } : {}), ...(api ? { api } : {}), ...(apis ? { apis } : {}) },
    latestImage,
    ...(stackGeneration ? { observedStackGeneration: stackGeneration } : {}),
    ...(storeGeneration ? { observedStoreGeneration: storeGeneration } : {}),
    os: plan.config.os,
  }
}

function nameOf(tag: Tag): string {
  return `${contextName(tag)}:${tag.tag}`
}

/** Returns images by their platforms: an index does not depend on this machine's. */
function sorted(images: IndexedPublication[]): IndexedPublication[] {
  const key = ({ entry: { platform } }: IndexedPublication): string => (platform ? formatPlatform(platform) : '')
  return images.sort((a, b) => compareBytes(key(a), key(b)))
}

/** The entries of indexes. */
function entryOf({ manifest: { descriptor }, platform }: StoredImage): Descriptor {
  const { mediaType, digest, size } = descriptor
  return { mediaType, digest, size, platform }
}

function plannedEntry({ manifest: { mediaType, content }, config: { os, architecture, variant } }: StoredPlan): Descriptor {
  return { mediaType, digest: digestOf(content), size: content.length, platform: { os, architecture, ...(variant ? { variant } : {}) } }
}
