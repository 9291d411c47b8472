/** Resolves the source of an Image, and keeps the result as its SourceResolver, as kpack does. */

import { join } from 'node:path'
import type { Context } from '../../../base/events.ts'
import { childName } from '../../../reconcile/child-name.ts'
import { withTimes, type NewCondition } from '../../../reconcile/conditions.ts'
import { ownerReference } from '../../../reconcile/owner-reference.ts'
import type { Image } from '../../../resources/kinds/image.ts'
import type { ResolvedSource as FoundSource, SourceResolver } from '../../../resources/kinds/source-resolver.ts'
import { accountOf } from '../accounts.ts'
import { recordFailure, type ReconcileScope } from '../scope.ts'

export function resolverName({ metadata }: Pick<Image, 'metadata'>): string {
  return childName(metadata.name, '-source')
}

/** Resolves the source. A source that cannot be resolved is a resolver that is not ready, with the cause. @throws CnbError CNB_INTERRUPTED */
export async function resolveSource(image: Image, scope: ReconcileScope, context: Context): Promise<SourceResolver> {
  const { spec, metadata } = image
  const known = scope.resources.find('SourceResolver', { name: resolverName(image), namespace: metadata.namespace })
  const isSame = JSON.stringify(known?.spec.source) === JSON.stringify(spec.source)
  const generation = isSame ? (known?.metadata.generation ?? 1) : (known?.metadata.generation ?? 0) + 1
  const resolver = (source: FoundSource | undefined, conditions: NewCondition[]): SourceResolver => ({
    apiVersion: 'kpack.io/v1alpha2',
    kind: 'SourceResolver',
    metadata: { ...known?.metadata, name: resolverName(image), namespace: metadata.namespace, labels: metadata.labels, generation, ownerReferences: [ownerReference(image)] },
    spec: { serviceAccount: accountOf(image).name, source: spec.source },
    status: { observedGeneration: generation, ...(source ? { source } : {}), conditions: withTimes(conditions, known?.status?.conditions, scope.now()) },
  })
  try {
    const credentials = await scope.accounts.credentialsOf(accountOf(image), spec.source.registry?.imagePullSecrets)
    const resolved = await scope.sources.resolve(spec.source, credentials, {}, context)
    const isPolled = resolved.git === undefined || resolved.git.type === 'Branch' || resolved.git.type === 'Tag'
    return resolver(await withDigest(resolved, scope, context), [
      { type: 'Ready', status: 'True' },
      { type: 'ActivePolling', status: isPolled ? 'True' : 'False' },
    ])
  } catch (error) {
    context.signal?.throwIfAborted()
    const { message } = recordFailure(scope, 'resolve the source of', image, error)
    return resolver(isSame ? known?.status?.source : undefined, [{ type: 'Ready', status: 'False', message }])
  }
}

/** Adds the state of a local source's files, by which changes are found. */
async function withDigest(resolved: FoundSource, scope: ReconcileScope, context: Context): Promise<FoundSource> {
  const { local } = resolved
  if (!local) return resolved
  const { digestLocal } = await import('./local-digest.ts')
  return { local: { ...local, digest: await digestLocal(join(local.path, local.subPath ?? ''), scope.services.host, context) } }
}
