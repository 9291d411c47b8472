import type { Context } from '../../../base/events.ts'
import type { ClusterLifecycle } from '../../../resources/kinds/bases.ts'
import { EXISTING_IMAGE } from '../../../resources/kinds/builder.ts'
import type { ReconcileScope } from '../scope.ts'
import { buildersOf } from './reconcile-builders.ts'

/** kpack's own installation has it, so users' files do not. */
const DEFAULT: ClusterLifecycle = {
  apiVersion: 'kpack.io/v1alpha2',
  kind: 'ClusterLifecycle',
  metadata: { name: 'default-lifecycle' },
  spec: { image: 'buildpacksio/lifecycle' },
}

/** Stores the lifecycle that kpack installs, if a builder needs it and no user stored one. @throws CnbError CNB_STATE_CHANGED, CNB_OUTPUT */
export async function addDefaultLifecycle({ resources }: Pick<ReconcileScope, 'resources'>, context: Context): Promise<void> {
  const { metadata: { name }, spec: { image } } = DEFAULT
  const isNeeded = buildersOf(resources).some(({ metadata, spec }) => metadata.annotations?.[EXISTING_IMAGE] === undefined && spec.lifecycle?.name === name)
  if (!isNeeded || resources.find('ClusterLifecycle', { name })) return
  context.events?.({ type: 'warning', message: `no file has the ClusterLifecycle ${name}, which kpack installs: it is created with the image ${image}` })
  await resources.write(structuredClone(DEFAULT), context)
}
