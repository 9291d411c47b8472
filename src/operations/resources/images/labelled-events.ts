/** Names the image in the output of builds that run at the same time. */

import type { CnbEvent, EventSink } from '../../../base/events.ts'
import { bannerOf } from './build-log.ts'

/** Returns a sink that passes events on with the name of their image; phases become lines, because those of several builds alternate. */
export function labelledEvents(label: string, events: EventSink | undefined): EventSink | undefined {
  if (!events) return undefined
  return (event) => {
    const labelled = withLabel(event, label)
    if (labelled) events(labelled)
  }
}

function withLabel(event: CnbEvent, label: string): CnbEvent | undefined {
  switch (event.type) {
    case 'phase.start':
      return { type: 'info', message: `[${label}] ${bannerOf(event.phase)}` }
    case 'phase.line':
      return { type: 'info', message: `[${label}] ${event.line}` }
    case 'phase.end':
      return undefined
    case 'step.start':
    case 'step.end':
      return { ...event, step: `${event.step} (${label})` }
    case 'info':
    case 'warning':
    case 'debug':
      return { ...event, message: `[${label}] ${event.message}` }
    default:
      return event
  }
}
