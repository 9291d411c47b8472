/** `cnb get --watch`: the selected resources, and then each one that changes. */

import { type Clock, systemClock } from '../../../base/clock.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { redacted } from '../../../state/redacted.ts'
import type { Store } from '../../../state/store.ts'
import { Resources } from '../resources.ts'
import { parseGiven, select, type Selected, type SelectOptions } from '../select.ts'

/** Milliseconds between two looks at the state. */
const INTERVAL = 500

/**
 * Yields the selected resources, and until the signal is aborted those that other processes change or remove.
 * @throws CnbError as selectResources, CNB_USAGE for several kinds or names, CNB_INTERRUPTED
 */
export async function* watchSelected(options: SelectOptions, store: Store, context: Context, clock: Clock = systemClock): AsyncGenerator<Selected, never> {
  const [wanted, ...others] = parseGiven(options.given)
  if (!wanted || others.length > 0 || wanted.names.length > 1) {
    throw new CnbError('CNB_USAGE', 'cannot watch resources of several kinds, or several names', { hint: 'Name one kind, or one resource.' })
  }
  const { kind, names: [name] } = wanted
  let seen = await store.changes(context)
  const resources = await Resources.read(store, context)
  const [first] = select([wanted], options, resources)
  yield { kind, resources: first!.resources.map(redacted) }
  for (;;) {
    await clock.sleep(INTERVAL, context.signal)
    const now = await store.changes(context)
    if (now === seen) continue
    seen = now
    const changed = await resources.refresh(store, context)
    const [found] = select([{ kind, names: [] }], options, changed)
    const mine = found!.resources.filter(({ metadata }) => name === undefined || metadata.name === name)
    if (mine.length > 0) yield { kind, resources: mine.map(redacted) }
  }
}
