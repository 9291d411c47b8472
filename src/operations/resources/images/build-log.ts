/** The log of a build: kpack's banners and the lines of the phases. */

import type { CnbEvent, EventSink } from '../../../base/events.ts'
import type { BuildLog } from '../../../state/store.ts'

/** kpack's names of the steps. */
const STEPS: Readonly<Record<string, string>> = {
  analyzer: 'ANALYZE', detector: 'DETECT', restorer: 'RESTORE', extender: 'EXTEND', builder: 'BUILD', exporter: 'EXPORT', rebaser: 'REBASE',
}

/** Returns the banner of a step. */
export function banner(step: string): string {
  return `===> ${step}\n`
}

/** Returns the banner of a phase, with kpack's name of the step. */
export function bannerOf(phase: string): string {
  return `===> ${STEPS[phase] ?? phase.toUpperCase()}`
}

/** Writes the events of a build to its log, and passes them on. */
export function loggedEvents(log: BuildLog, events: EventSink | undefined): EventSink {
  return (event) => {
    const text = textOf(event)
    if (text) log.write(text)
    events?.(event)
  }
}

function textOf(event: CnbEvent): string | undefined {
  switch (event.type) {
    case 'phase.start':
      return `${bannerOf(event.phase)}\n`
    case 'phase.line':
      return `${event.line}\n`
    case 'info':
      return `${event.message}\n`
    case 'warning':
      return `Warning: ${event.message}\n`
    case 'pull.start':
      return `Pulling ${event.reference}\n`
    default:
      return undefined
  }
}
