/** The phases, steps and pulls that are running, derived from events. */

import type { CnbEvent } from '../../base/events.ts'
import { PullProgress } from './pull-progress.ts'
import { formatBytes, formatDuration } from '../quantity.ts'
import { sanitizeText } from '../sanitize.ts'

/** Phase names for headers; the lifecycle's own headers use the same words. */
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

/** Returns a phase's name as an activity: `building` for `builder`. */
export function gerund(phase: string): string {
  return GERUNDS[phase] ?? sanitizeText(phase)
}

/** Tracks running phases, steps and pulls, and selects the most recently started one. */
export class ActiveTasks {
  readonly pulls = new Map<string, PullProgress>()
  /** Start times of running phases and steps by name, in start order. */
  readonly #works = new Map<string, number>()
  /** Progress of steps that process several images. */
  readonly #progress = new Map<string, string>()
  /** Bytes that the current phase sent to registries. */
  #sent = 0

  apply(event: CnbEvent, now: number): void {
    switch (event.type) {
      case 'pull.start':
        this.pulls.set(event.reference, new PullProgress(event.reference))
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
      case 'upload.progress':
        this.#sent += event.bytes
        break
      case 'phase.start':
        this.#sent = 0
        this.#works.set(gerund(event.phase), now)
        break
      case 'phase.end':
        this.#works.delete(gerund(event.phase))
        break
      default:
        // Other events start and end nothing.
        break
    }
  }

  /** Returns the most recently started phase or step and its start time; undefined if only pulls are running. */
  work(): { name: string; since: number } | undefined {
    const youngest = [...this.#works].at(-1)
    return youngest && { name: youngest[0], since: youngest[1] }
  }

  /** Formats the elapsed time and, if available, the progress: `0.4s, 37 done, 1 failed, 12.3 MB sent`. */
  howFar({ name, since }: { name: string; since: number }, now: number): string {
    return [formatDuration(now - since), ...(this.#progress.has(name) ? [this.#progress.get(name)] : []), ...(this.#sent > 0 ? [`${formatBytes(this.#sent)} sent`] : [])].join(', ')
  }
}
