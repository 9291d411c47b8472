/** `cnb trigger`: builds an Image although nothing changed. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { buildsOf } from '../../reconcile/history.ts'
import { TRIGGER } from '../../reconcile/changes/kpack-changes.ts'
import { findKind } from '../../resources/kind-list.ts'
import type { Store } from '../../state/store.ts'
import { holding } from './joined-signal.ts'
import { openScope, type ScopeOptions, type ScopeServices } from './open-scope.ts'
import { failuresOf, readinessOf, rootsOf, type Readiness } from './readiness.ts'
import { reconcile } from './reconcile.ts'
import { Resources } from './resources.ts'

export interface TriggerOptions extends ScopeOptions {
  readonly name: string
  /** Default: `default`. */
  readonly namespace?: string
}

export interface TriggerResult extends Readiness {
  readonly name: string
  readonly namespace: string
  readonly build: string
  readonly failures: readonly CnbError[]
}

/** Returns the name of `image NAME` or `image/NAME`. @throws CnbError CNB_USAGE */
export function parseTriggered(given: readonly string[]): string {
  const [kind = '', name = ''] = given.length === 1 ? given[0]!.split('/') : given
  if (findKind(kind).kind === 'Image' && name !== '') return name
  throw new CnbError('CNB_USAGE', `cannot trigger '${given.join(' ')}': it is not the name of an Image`, { hint: "Write 'cnb trigger image NAME'." })
}

/** Marks the last build as kpack does, and builds. @throws CnbError CNB_RESOURCE_NOT_FOUND, CNB_STATE_*, CNB_OUTPUT, CNB_INTERRUPTED */
export async function triggerImage(options: TriggerOptions, store: Store, services: ScopeServices, context: Context): Promise<TriggerResult> {
  const { name, namespace = 'default' } = options
  await using lock = await store.lock(context)
  const within = holding(lock, context)
  const resources = await Resources.read(store, within)
  const image = resources.find('Image', { name, namespace })
  if (!image) throw new CnbError('CNB_RESOURCE_NOT_FOUND', `images.kpack.io "${name}" not found`, { hint: "Apply the Image first; 'cnb get images -A' lists all." })
  const last = buildsOf(image, resources.list('Build')).at(-1)
  const annotations = { ...last?.metadata.annotations, [TRIGGER]: new Date().toISOString() }
  // Without a build, the first is needed anyway.
  if (last) await resources.write({ ...last, metadata: { ...last.metadata, annotations } }, within)
  await using scope = await openScope(options, store, resources, services, within)
  await reconcile(scope, ({ metadata }) => metadata.name === name && metadata.namespace === namespace, within)
  const after = resources.find('Image', { name, namespace })
  const roots = after ? rootsOf(after, scope) : []
  return { name, namespace, build: after?.status?.latestBuildRef ?? '', ...readinessOf(after, roots[0]), failures: failuresOf(roots, scope, within) }
}
