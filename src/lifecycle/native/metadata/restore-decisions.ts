/** Emits the reason why each layer of earlier builds is restored or dropped. */

import { decide, type Context } from '../../../base/events.ts'
import { escapeId } from '../../../buildpacks/buildpack-descriptor.ts'
import type { Group, Restoration } from '../model.ts'

/**
 * Emits a decision for each recorded layer, after detection has selected the group.
 * @param changed directories with another fingerprint than recorded, relative to `/layers`
 */
export function explainRestored(restoration: Restoration, { buildpacks }: Group, changed: readonly string[], context: Context): void {
  const differ = new Set(changed)
  for (const [id, { decisions }] of restoration) {
    const isInGroup = buildpacks.some((buildpack) => buildpack.id === id)
    for (const { layer, outcome, reason } of decisions) {
      const subject = { kind: 'cached layer', name: `${id}:${layer}` } as const
      if (!isInGroup) decide(context, subject, 'dropped', `buildpack '${id}' is not in the detected group`)
      else if (differ.has(`${escapeId(id)}/${layer}`)) decide(context, subject, 'dropped', 'its files have changed since the last build recorded them')
      else decide(context, subject, outcome, reason)
    }
  }
}
