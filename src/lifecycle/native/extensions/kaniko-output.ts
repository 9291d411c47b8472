/**
 * The extender applies Dockerfiles with a library, kaniko, that writes a log of its own on stderr, a dozen lines for each
 * command. Of these a user wants the command, and what went wrong.
 */

import type { EventSink } from '../../../base/events.ts'

const ENTRY = /^time="[^"]*" level=(\w+) msg=(.*)$/
const COMMAND = /^(?:ADD|ARG|COPY|ENV|LABEL|RUN|SHELL|USER|WORKDIR|CMD|ENTRYPOINT|EXPOSE|HEALTHCHECK|STOPSIGNAL|VOLUME) /
const ROUTINE = new Set(['info', 'debug', 'trace'])

/** Makes its routine entries `debug` events, and strips the others of their framing. */
export function withoutKanikoLog(events: EventSink): EventSink {
  return (event) => {
    const [, level, text] = (event.type === 'phase.line' && event.stream === 'stderr' && ENTRY.exec(event.line)) || []
    if (event.type !== 'phase.line' || level === undefined || text === undefined) return events(event)
    const message = unquoted(text)
    if (ROUTINE.has(level) && !COMMAND.test(message)) events({ type: 'debug', message: `[${event.phase}] ${message}` })
    else for (const line of message.split('\n')) events({ ...event, line })
  }
}

/** Go's quoting is JSON's in all that such a log holds; what differs stays as it is. */
function unquoted(text: string): string {
  if (!text.startsWith('"')) return text
  try {
    return String(JSON.parse(text))
  } catch {
    return text
  }
}
