/** `cnb import`: stores the resources of kp's dependency descriptor. */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { AnyResource } from '../../../resources/kind.ts'
import type { Store } from '../../../state/store.ts'
import { accountReference, addedToStore, type AccountOptions } from '../kp/base-specs.ts'
import { stackIdOf } from '../kp/read-image.ts'
import type { ScopeServices } from '../open-scope.ts'
import { readResourceFile } from '../files/resource-files.ts'
import type { Resources } from '../resources.ts'
import { applyDocuments, type DocumentOptions, type DocumentResult } from './apply-documents.ts'
import { readDescriptor, type Descriptor } from './import-descriptor.ts'

export interface ImportOptions extends Omit<DocumentOptions, 'namespace'>, AccountOptions {
  /** The descriptor; `-` for standard input. */
  readonly file: string
  /** Where builders go, as `REPOSITORY:clusterbuilder-NAME`. */
  readonly defaultRepository?: string
}

/**
 * Imports a descriptor. Its images stay where they are: kp copies them into a repository of the cluster.
 * @throws CnbError CNB_RESOURCE_INVALID, CNB_USAGE, those of reading a stack's image, and those of apply
 */
export async function importDescriptor(options: ImportOptions, store: Store, services: ScopeServices, input: AsyncIterable<Buffer>, context: Context): Promise<DocumentResult> {
  const { file, defaultRepository, ...applyOptions } = options
  const descriptor = readDescriptor(await readResourceFile(file, { cwd: services.remote.host.cwd, input }, context))
  if (descriptor.builders.length > 0 && defaultRepository === undefined) {
    throw new CnbError('CNB_USAGE', 'cannot import builders without a repository', { hint: 'Name it with --default-repository; a builder is published to REPOSITORY:clusterbuilder-NAME.' })
  }
  const ids = new Map<string, string>()
  for (const stack of descriptor.stacks) ids.set(imagesOf(stack), ids.get(imagesOf(stack)) ?? (await stackIdOf({ buildImage: stack.buildImage.image, runImage: stack.runImage.image }, options, services.remote, context)) ?? '')
  return applyDocuments({ what: `import ${file}`, from: (resources) => documentsOf(descriptor, ids, options, resources) }, applyOptions, store, services, context)
}

/** The default stack has the images of another one. */
function imagesOf({ buildImage, runImage }: Descriptor['stacks'][number]): string {
  return JSON.stringify([buildImage.image, runImage.image])
}

function documentsOf({ lifecycles, stacks, stores, buildpacks, builders }: Descriptor, ids: ReadonlyMap<string, string>, options: ImportOptions, resources: Resources): AnyResource[] {
  const account = accountReference(options)
  const withAccount = account ? { serviceAccountRef: account } : {}
  const document = (kind: string, name: string, spec: object): AnyResource => ({ apiVersion: 'kpack.io/v1alpha2', kind, metadata: { name }, spec }) as AnyResource
  return [
    ...lifecycles.map(({ name, image }) => document('ClusterLifecycle', name, { image, ...withAccount })),
    ...stacks.map(({ name, ...images }) => document('ClusterStack', name, { id: ids.get(imagesOf({ name, ...images })) ?? '', ...images, ...withAccount })),
    // As in kp, packages that the store has stay there.
    ...stores.map(({ name, sources }) => document('ClusterStore', name, addedToStore(resources.written('ClusterStore', { name }), { ...options, buildpackages: sources.map(({ image }) => image) }))),
    ...buildpacks.map(({ name, image }) => document('ClusterBuildpack', name, { image, ...withAccount })),
    ...builders.map(({ name, clusterStack, clusterStore, order }) => document('ClusterBuilder', name, {
      tag: `${options.defaultRepository}:clusterbuilder-${name}`,
      stack: { kind: 'ClusterStack', name: clusterStack },
      ...(clusterStore === '' ? {} : { store: { kind: 'ClusterStore', name: clusterStore } }),
      order,
      serviceAccountRef: account ?? { name: 'default', namespace: 'default' },
    })),
  ]
}
