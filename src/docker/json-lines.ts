/** Parses replies with one JSON document per line: progress of pulls and loads. */

import type { Readable } from 'node:stream'
import { engineRefusal } from './engine-errors.ts'
import { isTable, numberOf, stringOf } from '../formats/lenient-values.ts'

const MAX_LINE = 1024 * 1024
const NEWLINE = 0x0a

/** A line of progress; all fields come from the engine and are optional. */
export interface ProgressLine {
  id?: string
  status?: string
  stream?: string
  progressDetail?: { current?: number; total?: number }
}

/**
 * Yields each line of `source` as a JSON object. Lines are split as bytes, which keeps characters intact; the last may lack its newline.
 * @throws CnbError CNB_ENGINE_FAILED for an error line (`{"error": …}`), a line that is not a JSON object, or one that is too long
 */
export async function* readJsonLines(source: Readable, task: string): AsyncGenerator<ProgressLine> {
  let rest: Buffer[] = []
  let size = 0
  for await (const read of source) {
    let chunk = read as Buffer
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE)) {
      const line = Buffer.concat([...rest, chunk.subarray(0, end)])
      rest = []
      size = 0
      chunk = chunk.subarray(end + 1)
      yield* parseLine(line, task)
    }
    rest.push(chunk)
    size += chunk.length
    if (size > MAX_LINE) throw engineRefusal(task, 0, `the engine sent a line longer than ${MAX_LINE} bytes`)
  }
  yield* parseLine(Buffer.concat(rest), task)
}

function* parseLine(bytes: Buffer, task: string): Generator<ProgressLine> {
  const text = bytes.toString().trim()
  if (text === '') return
  const line = parseObject(text)
  if (line === undefined) throw engineRefusal(task, 0, `the engine sent invalid JSON: ${text.slice(0, 200)}`)
  const detail = isTable(line.errorDetail) ? line.errorDetail : {}
  if (line.error !== undefined || line.errorDetail !== undefined) {
    throw engineRefusal(task, numberOf(detail.code) ?? 0, stringOf(line.error) ?? stringOf(detail.message) ?? text)
  }
  const progress = isTable(line.progressDetail) ? line.progressDetail : {}
  yield {
    id: stringOf(line.id),
    status: stringOf(line.status),
    stream: stringOf(line.stream),
    progressDetail: { current: numberOf(progress.current), total: numberOf(progress.total) },
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isTable(value) ? value : undefined
  } catch {
    return undefined
  }
}
