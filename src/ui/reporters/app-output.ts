/** Writes the output of a running app. */

import { promises, Writable } from 'node:stream'
import type { EventSink } from '../../base/events.ts'
import { LineSplitter } from '../../base/lines/line-splitter.ts'
import { sanitizeLine } from '../sanitize.ts'
import { OutputClosed, type OutputStream } from '../terminal.ts'

/** The two streams of an app. */
export interface AppOutput {
  readonly stdout: Writable
  readonly stderr: Writable
}

/** Ends the streams, which may be one, and waits until all is written: an app may end in the middle of a line. */
export async function endOutput({ stdout, stderr }: AppOutput): Promise<void> {
  for (const stream of new Set([stdout, stderr])) await promises.finished(stream.end())
}

/** Returns streams that report each line as an event. */
export function appEvents(events: EventSink): AppOutput {
  const reporting = (stream: 'stdout' | 'stderr'): Writable => lineWriter((line) => events({ type: 'app.line', stream, line }))
  return { stdout: reporting('stdout'), stderr: reporting('stderr') }
}

/** Returns a stream that writes the bytes as they are, at the pace of the reader. */
export function rawWriter(to: OutputStream): Writable {
  const write = (chunk: Buffer, done: (error?: Error) => void): void => void to.write(chunk, (error) => (error ? done(new OutputClosed()) : done()))
  const writer = new Writable({ write: (chunk: Buffer, _encoding, done) => write(chunk, done) })
  // The sender of the output throws it.
  return writer.on('error', () => {})
}

/** Returns a stream that prints whole lines without control sequences, for an output that would obey them. @param colors whether colors stay */
export function cleanWriter(print: (line: string) => void, colors: boolean): Writable {
  return lineWriter((line) => print(sanitizeLine(line, colors)))
}

function lineWriter(onLine: (line: string) => void): Writable {
  const lines = new LineSplitter(onLine)
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => (lines.write(chunk), done()),
    final: (done) => (lines.end(), done()),
  })
}
