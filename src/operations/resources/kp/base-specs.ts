/** The specs of stacks, stores, lifecycles and buildpacks from kp's options. */

import type { ClusterLifecycle, ClusterStack, ClusterStackSpec, ClusterStore } from '../../../resources/kinds/bases.ts'
import type { ImageSource, ServiceAccountReference } from '../../../resources/kinds/parts.ts'
import { usage } from './usage.ts'

export interface AccountOptions {
  readonly serviceAccount?: string
  /** Default: `default`. */
  readonly serviceAccountNamespace?: string
}

/** Returns the service account of the options; undefined if they name none. */
export function accountReference({ serviceAccount, serviceAccountNamespace }: AccountOptions): ServiceAccountReference | undefined {
  if (serviceAccount === undefined && serviceAccountNamespace === undefined) return undefined
  return { name: serviceAccount ?? 'default', namespace: serviceAccountNamespace ?? 'default' }
}

function accountField(options: AccountOptions): { serviceAccountRef?: ServiceAccountReference } {
  const serviceAccountRef = accountReference(options)
  return serviceAccountRef ? { serviceAccountRef } : {}
}

export interface StackOptions extends AccountOptions {
  readonly buildImage?: string
  readonly runImage?: string
}

/** @param id the stack of the new images; undefined without new images */
export function stackSpec(before: ClusterStack | undefined, options: StackOptions, id: string | undefined): ClusterStackSpec {
  const [buildImage, runImage] = [options.buildImage ?? before?.spec.buildImage.image, options.runImage ?? before?.spec.runImage.image]
  if (buildImage === undefined || runImage === undefined) throw usage('a ClusterStack needs --build-image and --run-image', 'Name both images.')
  return { ...before?.spec, ...accountField(options), id: id ?? before?.spec.id ?? '', buildImage: { image: buildImage }, runImage: { image: runImage } }
}

export interface ImageOptions extends AccountOptions {
  readonly image?: string
}

/** The spec of a ClusterLifecycle or a ClusterBuildpack. */
export function imageOnlySpec(before: Pick<ClusterLifecycle, 'spec'> | undefined, options: ImageOptions): ClusterLifecycle['spec'] {
  const image = options.image ?? before?.spec.image
  if (image === undefined) throw usage('the resource needs --image', 'Name its image.')
  return { ...before?.spec, ...accountField(options), image }
}

export interface StoreOptions extends AccountOptions {
  readonly buildpackages?: readonly string[]
}

/** Adds packages to a store. */
export function addedToStore(before: ClusterStore | undefined, options: StoreOptions): ClusterStore['spec'] {
  const { buildpackages = [] } = options
  if (!before && buildpackages.length === 0) throw usage('At least one buildpackage must be provided', 'Name an image with --buildpackage.')
  const known = before?.spec.sources ?? []
  const sources = [...new Set([...known.map(({ image }) => image), ...buildpackages])].map((image): ImageSource => ({ image }))
  return { ...before?.spec, ...accountField(options), sources }
}

/** Removes packages from a store: `id@version` as its status has them, or the image. */
export function removedFromStore(before: ClusterStore | undefined, { buildpackages = [] }: StoreOptions): ClusterStore['spec'] {
  const removed = buildpackages.map((name) => {
    const image = before?.status?.buildpacks?.find(({ id, version }) => `${id}@${version}` === name)?.storeImage?.image ?? name
    if (!before?.spec.sources.some((source) => source.image === image)) throw usage(`Buildpackage '${name}' does not exist in the ClusterStore`, "See 'cnb clusterstore status'.")
    return image
  })
  return { ...before?.spec, sources: (before?.spec.sources ?? []).filter(({ image }) => !removed.includes(image)) }
}
