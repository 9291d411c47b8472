/** The six predicates of kpack: `pkg/reconciler/image/build_required.go`. */

import type { Build } from '../../resources/kinds/build.ts'
import type { Image } from '../../resources/kinds/image.ts'
import type { ResolvedSource } from '../../resources/kinds/source-resolver.ts'
import { compareBytes } from '../../formats/go/json.ts'
import type { Change, KpackReason, Priority } from './changes.ts'
import { equalConfigs, imageConfig, printedConfig, type Config } from './config.ts'
import { identifierOf } from '../reference.ts'
import { outcomeOf, type AnyBuilder } from '../state.ts'
import { rfc1123 } from '../times.ts'

/** Any value of this annotation of the last build causes a build. */
export const TRIGGER = 'image.kpack.io/additionalBuildNeeded'

/**
 * Returns the changes since the last build, in kpack's order.
 * @param last the last build, which has ended
 * @returns a text with kpack's words if the references of the run images cannot be compared
 */
export function kpackChanges(image: Image, last: Build | undefined, source: ResolvedSource, builder: AnyBuilder, now: Date): Change[] | string {
  const stack = last && outcomeOf(last) === 'succeeded' ? stackChange(last, builder) : []
  if (typeof stack === 'string') return `error determining if build is required for reason 'STACK': ${stack}`
  return [
    ...(last ? [...triggerChange(last, now), ...commitChange(last, source)] : []),
    ...configChange(image, last, source),
    ...(last && outcomeOf(last) === 'succeeded' ? [...buildpackChange(last, builder), ...stack, ...lifecycleChange(last, builder)] : []),
  ]
}

function triggerChange(last: Build, now: Date): Change[] {
  if (last.metadata.annotations?.[TRIGGER] === undefined) return []
  return changed('TRIGGER', '', `A new build was manually triggered on ${rfc1123(now)}`, 1000)
}

function commitChange(last: Build, source: ResolvedSource): Change[] {
  const [old, revision] = [last.spec.source.git?.revision, source.git?.revision]
  return old === undefined || revision === undefined ? [] : changed('COMMIT', old, revision, 1000)
}

/** A first build is compared with an empty configuration: it always has this reason. */
function configChange(image: Image, last: Build | undefined, source: ResolvedSource): Change[] {
  const old: Config = last?.spec ?? {}
  const config = imageConfig(image, source)
  if (equalConfigs(old, config)) return []
  return [{ reason: 'CONFIG', old: printedConfig(old), new: printedConfig(config), priority: 1000 }]
}

/** Only the buildpacks that took part in the build count. kpack never shows a new one. */
function buildpackChange(last: Build, builder: AnyBuilder): Change[] {
  const present = builder.status?.builderMetadata ?? []
  const missing = (last.status?.buildMetadata ?? [])
    .filter(({ id, version }) => !present.some((buildpack) => buildpack.id === id && buildpack.version === version))
    .map(({ id, version }) => ({ id, ...(version !== '' && { version }) }))
    .sort((a, b) => compareBytes(a.id, b.id))
  return missing.length === 0 ? [] : [{ reason: 'BUILDPACK', old: missing, new: null, priority: 1 }]
}

function stackChange(last: Build, builder: AnyBuilder): Change[] | string {
  const references = [last.status?.stack?.runImage ?? '', builder.status?.stack?.runImage ?? '']
  const [old, run] = references.map(identifierOf)
  if (old !== undefined && run !== undefined) return changed('STACK', old, run, 1)
  return references.filter((reference) => identifierOf(reference) === undefined).map((reference) => `could not parse reference: ${reference}`).join('; ')
}

function lifecycleChange(last: Build, builder: AnyBuilder): Change[] {
  return changed('LIFECYCLE', last.status?.lifecycleVersion ?? '', builder.status?.lifecycle?.version ?? '', 1)
}

function changed(reason: KpackReason, old: string, value: string, priority: Priority): Change[] {
  return old === value ? [] : [{ reason, old, new: value, priority }]
}
