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

/** The build itself reports its failure. */
export function reportEnd(id: string, resources: Resources, failure: CnbError | undefined, { events }: Context): void {
  if (failure) return
  const image = resources.find('Image', nameOf(id))
  events?.({ type: 'info', message: `${shownId(id)}: ${image?.status?.latestImage ?? 'done'}` })
}

/** The output of several builds at once would be mixed; `cnb logs` shows it. */
export function buildContext({ signal, events }: Context): Context {
  return { signal, events: (event) => (event.type === 'span' || event.type === 'debug' || (event.type === 'warning' && event.message.startsWith('Build ')) ? events?.(event) : undefined) }
}

/** `Image default/shop`, `ClusterStack base`. */
export function shownId(id: string): string {
  const { namespace, name } = nameOf(id)
  return `${id.split('/')[0] ?? ''} ${namespace === undefined ? '' : `${namespace}/`}${name}`
}
