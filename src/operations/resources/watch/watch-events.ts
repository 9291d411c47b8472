/** The messages of a watch about builds; their logs are in the state. */

import type { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { reasonsText } from '../../../reconcile/changes/changes.ts'
import { nameOf, resourceId } from '../../../reconcile/state.ts'
import type { PlannedImage } from '../images/reconcile-images.ts'
import type { Resources } from '../resources.ts'

const VERBS = { BUILD: 'building', REBASE: 'rebasing', RETAG: 'retagging' } as const

export function reportStart({ image, step: { decision, build } }: PlannedImage, { events }: Context): void {
  if (!decision || !('priority' in decision)) return
  events?.({ type: 'info', message: `${shownId(resourceId(image))}: ${VERBS[decision.kind]} (${reasonsText(decision.changes)}), build ${build?.metadata.name ?? ''}` })
}

export function reportEnd({ image, step: { build } }: PlannedImage, resources: Resources, failure: CnbError | undefined, { events }: Context): void {
  if (failure) {
    events?.({ type: 'warning', message: `Build ${image.metadata.namespace}/${build?.metadata.name} failed: ${failure.message}` })
    return
  }
  events?.({ type: 'info', message: `${shownId(resourceId(image))}: ${resources.get(image)?.status?.latestImage ?? 'done'}` })
}

/** The output of several builds at once would be mixed; `cnb logs` shows it. */
export function buildContext({ signal, events }: Context): Context {
  return { signal, events: (event) => (event.type === 'span' || event.type === 'debug' ? events?.(event) : undefined) }
}

/** `Image default/shop`, `ClusterStack base`. */
export function shownId(id: string): string {
  const { namespace, name } = nameOf(id)
  return `${id.split('/')[0] ?? ''} ${namespace === undefined ? '' : `${namespace}/`}${name}`
}
