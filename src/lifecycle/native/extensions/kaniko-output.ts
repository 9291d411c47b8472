/**
 * Filters the log of kaniko, the library with which the extender applies Dockerfiles.
 *
 * It writes about a dozen lines to stderr for each command; users need the command and the errors.
 */

import type { EventSink } from '../../../base/events.ts'

const ENTRY = /^time="[^"]*" level=(\w+) msg=(.*)$/
const COMMAND = /^(?:ADD|ARG|COPY|ENV|LABEL|RUN|SHELL|USER|WORKDIR|CMD|ENTRYPOINT|EXPOSE|HEALTHCHECK|STOPSIGNAL|VOLUME) /
const ROUTINE = new Set(['info', 'debug', 'trace'])

/** Returns an event sink that turns routine log entries into `debug` events and removes the log format from the others. */
export function withoutKanikoLog(events: EventSink): EventSink {
  return (event) => {
    const [, level, text] = (event.type === 'phase.line' && event.stream === 'stderr' && ENTRY.exec(event.line)) || []
    if (event.type !== 'phase.line' || level === undefined || text === undefined) return events(event)
    const message = unquoted(text)
    if (ROUTINE.has(level) && !COMMAND.test(message)) events({ type: 'debug', message: `[${event.phase}] ${message}` })
    else for (const line of message.split('\n')) events({ ...event, line })
  }
}

/** Removes Go's quoting, which is the same as JSON's for almost all log lines; returns other text unchanged. */
function unquoted(text: string): string {
  if (!text.startsWith('"')) return text
  try {
    return String(JSON.parse(text))
  } catch {
    return text
  }
}
