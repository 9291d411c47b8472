/** The decision whether an Image needs a build, and why. */

import type { Build } from '../resources/kinds/build.ts'
import type { Image } from '../resources/kinds/image.ts'
import type { SourceResolver } from '../resources/kinds/source-resolver.ts'
import { priorityOf, type Change, type Priority, type Reason } from './changes/changes.ts'
import { kpackChanges } from './changes/kpack-changes.ts'
import { placeChange, retryChange, revisionChange, settingChanges, type Fingerprints, type Place } from './changes/own-changes.ts'
import { isTrue, numberOf, outcomeOf, type AnyBuilder } from './state.ts'

export interface DecisionOptions {
  readonly now: Date
  /** Whether only kpack's own reasons count */
  readonly kpackCompatible?: boolean
  /** The present fingerprints, for example of secrets and registry credentials; the builder's image need not be among them */
  readonly fingerprints?: Fingerprints
  /** Where the image is wanted. Default: registry */
  readonly to?: Place | undefined
  /** Whether the engine no longer has the last image */
  readonly isLost?: boolean
  /** False: needed builds are only reported as pending. Default: true */
  readonly mayBuild?: boolean
}

/** Nothing can be decided before the cause is gone. */
export interface Undecided {
  readonly kind: 'UNKNOWN'
  /** `Invalid`: kpack logs the message, and changes nothing */
  readonly cause: 'BuildRunning' | 'BuilderNotReady' | 'ResolverNotReady' | 'Invalid'
  readonly message?: string
}

export interface NoBuild {
  readonly kind: 'NONE'
  /** Changes that take effect with the next build */
  readonly pending: readonly Change[]
}

export interface BuildNeeded {
  /** REBASE puts the layers of the last image on another run image. RETAG only adds names to it. */
  readonly kind: 'BUILD' | 'REBASE' | 'RETAG'
  readonly changes: readonly Change[]
  readonly priority: Priority
}

export type Decision = Undecided | NoBuild | BuildNeeded

/** Changes that cause nothing if the last build succeeded. */
const WAITING: ReadonlySet<Reason> = new Set(['CACHE'])
const RETAGGING: ReadonlySet<Reason> = new Set([...WAITING, 'TAGS'])
const REBASING: ReadonlySet<Reason> = new Set([...RETAGGING, 'STACK'])

/**
 * Decides whether an Image needs a build.
 * @param last the newest build of the Image
 */
export function decideBuild(
  image: Image,
  last: Build | undefined,
  resolver: SourceResolver | undefined,
  builder: AnyBuilder,
  options: DecisionOptions,
): Decision {
  const decision = decideFreely(image, last, resolver, builder, options)
  return options.mayBuild === false && 'priority' in decision ? { kind: 'NONE', pending: decision.changes } : decision
}

function decideFreely(
  image: Image,
  last: Build | undefined,
  resolver: SourceResolver | undefined,
  builder: AnyBuilder,
  { now, kpackCompatible = false, fingerprints = {}, to = 'registry', isLost = false }: DecisionOptions,
): Decision {
  if (last && outcomeOf(last) === 'running') return { kind: 'UNKNOWN', cause: 'BuildRunning' }
  if (last && numberOf(last) === undefined) return invalid('error parsing the image build number')
  if (!isTrue(builder, 'Ready')) return { kind: 'UNKNOWN', cause: 'BuilderNotReady' }
  const source = resolver?.status?.source
  if (!resolver || !source || !isTrue(resolver, 'Ready')) return { kind: 'UNKNOWN', cause: 'ResolverNotReady' }

  const found = kpackChanges(image, last, source, builder, now)
  if (typeof found === 'string') return invalid(`error determining if an image build is needed: ${found}`)
  const place = last ? placeChange(last, to, isLost) : []
  const own = [...found, ...place]
  if (!last || kpackCompatible) return own.length === 0 ? { kind: 'NONE', pending: [] } : needed(own, kindByKpack(own, last, builder))

  const failed = outcomeOf(last) === 'failed'
  const changes = [...inOrder(found, revisionChange(last, source)), ...settingChanges(image, last, builder), ...place, ...retryChange(last, builder, fingerprints)]
  const all = (reasons: ReadonlySet<Reason>): boolean => !failed && changes.every(({ reason }) => reasons.has(reason))
  if (changes.length === 0 || all(WAITING)) return { kind: 'NONE', pending: changes }
  if (all(RETAGGING)) return needed(changes, 'RETAG')
  return needed(changes, all(REBASING) && isSameStack(last, builder) ? 'REBASE' : 'BUILD')
}

function kindByKpack(changes: readonly Change[], last: Build | undefined, builder: AnyBuilder): 'BUILD' | 'REBASE' {
  const onlyStack = changes.every(({ reason }) => reason === 'STACK')
  return last && onlyStack && isSameStack(last, builder) ? 'REBASE' : 'BUILD'
}

function isSameStack(last: Build, builder: AnyBuilder): boolean {
  return (last.status?.stack?.id ?? '') === (builder.status?.stack?.id ?? '')
}

/** Puts the COMMIT of a source that is not git at kpack's place. */
function inOrder(changes: readonly Change[], commit: readonly Change[]): Change[] {
  const isTrigger = ({ reason }: Change): boolean => reason === 'TRIGGER'
  return [...changes.filter(isTrigger), ...commit, ...changes.filter((change) => !isTrigger(change))]
}

function needed(changes: readonly Change[], kind: BuildNeeded['kind']): BuildNeeded {
  return { kind, changes, priority: priorityOf(changes) }
}

function invalid(message: string): Undecided {
  return { kind: 'UNKNOWN', cause: 'Invalid', message }
}
