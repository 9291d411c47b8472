/** What goes on at this moment, told by the events that came so far. */

import type { CnbEvent } from '../../base/events.ts'
import { Pull } from './pull.ts'
import { formatDuration } from '../quantity.ts'
import { sanitizeText } from '../sanitize.ts'

/** The phases' names as headers tell them; the lifecycle's own headers use the same words. */
const GERUNDS: Readonly<Record<string, string>> = {
  analyzer: 'analyzing',
  detector: 'detecting',
  restorer: 'restoring',
  extender: 'extending',
  builder: 'building',
  exporter: 'exporting',
  creator: 'creating',
  rebaser: 'rebasing',
}

/** A phase as something that is being done: `builder` is `building`. */
export function gerund(phase: string): string {
  return GERUNDS[phase] ?? sanitizeText(phase)
}

/** Follows phases, steps and pulls. The youngest thing under way is the one to tell of. */
export class ActiveTasks {
  readonly pulls = new Map<string, Pull>()
  /** Names of phases and steps under way with the time each began, in the order in which they began. */
  readonly #works = new Map<string, number>()
  /** How far steps about many images are. */
  readonly #progress = new Map<string, string>()

  apply(event: CnbEvent, now: number): void {
    switch (event.type) {
      case 'pull.start':
        this.pulls.set(event.reference, new Pull(event.reference))
        break
      case 'pull.progress':
        this.pulls.get(event.reference)?.update(event.layer, event.status, event.current, event.total)
        break
      case 'pull.end':
        this.pulls.delete(event.reference)
        break
      case 'step.start':
        this.#works.set(sanitizeText(event.step), now)
        break
      case 'step.end':
        this.#works.delete(sanitizeText(event.step))
        this.#progress.delete(sanitizeText(event.step))
        break
      case 'image':
        this.#progress.set(sanitizeText(event.step), `${event.done} done${event.failed > 0 ? `, ${event.failed} failed` : ''}`)
        break
      case 'phase.start':
        this.#works.set(gerund(event.phase), now)
        break
      case 'phase.end':
        this.#works.delete(gerund(event.phase))
        break
      default:
        // The others begin and end nothing.
        break
    }
  }

  /** The youngest work and when it began; undefined when nothing but pulls is under way. */
  work(): { name: string; since: number } | undefined {
    const youngest = [...this.#works].at(-1)
    return youngest && { name: youngest[0], since: youngest[1] }
  }

  /** How long a work takes, and how far it is where that can be said: `0.4s, 37 done, 1 failed`. */
  howFar({ name, since }: { name: string; since: number }, now: number): string {
    return [formatDuration(now - since), ...(this.#progress.has(name) ? [this.#progress.get(name)] : [])].join(', ')
  }
}
