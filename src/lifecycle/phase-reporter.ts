/** Turns the output of a phase's container into events, and extracts the cause of a failure. */

import { Writable } from 'node:stream'
import { type Context, decide, type EventSink, type PhaseName } from '../base/events.ts'
import { LineSplitter } from '../base/lines/line-splitter.ts'
import type { Mask } from '../base/lines/mask.ts'
import type { PhaseTime } from './lifecycle.ts'

const SGR = /\u001b\[[0-9;]*m/g
const MAX_ERROR_OUTPUT = 2000
const DISK_FULL = /no space left on device/i

export class PhaseReporter {
  readonly #events: EventSink
  readonly #mask: Mask | undefined
  readonly #isCreator: boolean
  readonly #times: PhaseTime[] = []
  #phase: string | undefined
  #start = 0
  readonly #detectFailures = new DetectFailures()
  readonly #detectResults = new DetectResults()
  #lastError = ''
  #lastOnStderr = ''

  constructor(phase: string, { events = () => {}, mask }: Context) {
    this.#events = events
    this.#mask = mask
    this.#isCreator = phase === 'creator'
    if (!this.#isCreator) this.#begin(phase)
  }

  /** The running phase; before creator's first header it is creator itself. */
  get phase(): string {
    return this.#phase ?? 'creator'
  }

  /** The error of the phase: the lifecycle prints errors to stdout after "ERROR: "; otherwise the last line of stderr. */
  get errorOutput(): string {
    // If a buildpack ran out of disk space, the lifecycle only reports that the buildpack failed.
    if (DISK_FULL.test(this.#lastOnStderr)) return this.#lastOnStderr
    // If a detection failed, the lifecycle's last error only reports that one did.
    if (/buildpack\(s\) failed with err/.test(this.#lastError)) return this.#detectFailures.reason || this.#lastError
    return this.#lastError || this.#lastOnStderr
  }

  /** Returns a stream for the container's stdout or stderr. */
  stream(name: 'stdout' | 'stderr'): Writable {
    const splitter = new LineSplitter((line) => this.#line(name, line), this.#mask)
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        splitter.write(chunk)
        done()
      },
      final: (done) => {
        splitter.end()
        done()
      },
    })
  }

  /** Ends the running phase. Returns the durations of all phases. */
  end(exitCode: number): readonly PhaseTime[] {
    this.#finish(exitCode)
    return this.#times
  }

  #line(stream: 'stdout' | 'stderr', line: string): void {
    const announced = this.#isCreator ? phaseAnnounced(line) : undefined
    if (announced !== undefined) {
      this.#finish(0)
      this.#begin(announced)
      return
    }
    const plain = plainLine(line)
    if (this.#phase === 'detector') this.#detectFailures.add(plain)
    const result = this.#phase === 'detector' ? this.#detectResults.add(plain) : undefined
    if (plain.startsWith('ERROR: ')) this.#lastError = plain.slice('ERROR: '.length, MAX_ERROR_OUTPUT)
    if (stream === 'stderr' && plain !== '') this.#lastOnStderr = plain.slice(0, MAX_ERROR_OUTPUT)
    this.#events({ type: 'phase.line', phase: this.phase, stream, line })
    if (result) decide({ events: this.#events }, { kind: 'buildpack', name: result.buildpack }, result.outcome, result.reason)
  }

  #begin(phase: string): void {
    this.#phase = phase
    this.#start = performance.now()
    this.#events({ type: 'phase.start', phase })
  }

  #finish(exitCode: number): void {
    if (this.#phase === undefined) return
    const durationMs = performance.now() - this.#start
    this.#times.push({ phase: this.#phase, durationMs })
    this.#events({ type: 'phase.end', phase: this.#phase, durationMs, exitCode })
    this.#phase = undefined
  }
}

/** Returns the line without colours. */
export function plainLine(line: string): string {
  return line.replace(SGR, '').trim()
}

const HEADER = /^(?:\u001b\[[0-9;]*m)*===> ([A-Z]+)(?:\u001b\[[0-9;]*m)*$/

const PHASES: Readonly<Record<string, PhaseName>> = {
  ANALYZING: 'analyzer',
  DETECTING: 'detector',
  RESTORING: 'restorer',
  BUILDING: 'builder',
  EXPORTING: 'exporter',
}

/** Returns the phase that a line of creator's output announces; undefined for any other line. */
function phaseAnnounced(line: string): PhaseName | undefined {
  const word = HEADER.exec(line)?.[1]
  return word === undefined ? undefined : PHASES[word]
}

/** Begins a part of the detector's log: the output or error of a buildpack, or the results of a group. */
export const HEADING = /^======== (\w+)(?:: (.*))? ========$/
const RESULT = /^err: {2}(\S+)/
const MAX_REASON = 2000

/** Collects the error reports of buildpacks from the detector's output. */
class DetectFailures {
  /** The first report of each buildpack: the error that prevented its start, or its output. */
  readonly #reports = new Map<string, string>()
  #buildpack: string | undefined
  #failed: string | undefined

  /** @param line without colours */
  add(line: string): void {
    const [heading, kind, buildpack] = HEADING.exec(line) ?? []
    if (heading !== undefined) {
      const isNew = kind === 'Error' || (kind === 'Output' && !this.#reports.has(buildpack ?? ''))
      this.#buildpack = isNew ? buildpack : undefined
      if (this.#buildpack !== undefined) this.#reports.set(this.#buildpack, '')
      return
    }
    this.#failed ??= RESULT.exec(line)?.[1]
    if (this.#buildpack === undefined) return
    const words = this.#reports.get(this.#buildpack) ?? ''
    this.#reports.set(this.#buildpack, `${words} ${line}`.trim().slice(0, MAX_REASON))
  }

  /** The first buildpack that failed, and its report; empty if none failed, or the detector printed no report. */
  get reason(): string {
    const words = this.#failed === undefined ? undefined : this.#reports.get(this.#failed)
    return words ? `${this.#failed}: ${words}` : ''
  }
}

export const RESULTS = 'Results'
/** `pass: id@version`, `fail: id@version requires node`, `err:  id@version (127)` (lifecycle phase/detector.go). */
export const OUTCOME = /^(pass|fail|skip|err): {1,2}(\S+@\S+)(?: (requires|provides unused) (.+)| \((\d+)\))?$/

interface DetectResult {
  readonly buildpack: string
  readonly outcome: string
  readonly reason: string
}

/** Parses the results that the detector prints after each group: if detection fails, or with log level debug. */
class DetectResults {
  #isResult = false

  /** @param line without colours */
  add(line: string): DetectResult | undefined {
    const [heading, kind] = HEADING.exec(line) ?? []
    if (heading !== undefined) this.#isResult = kind === RESULTS
    const [, result, buildpack = '', relation, name = '', exitCode] = this.#isResult ? (OUTCOME.exec(line) ?? []) : []
    if (result === undefined) return undefined
    if (result === 'err') return { buildpack, outcome: 'failed', reason: `its detection failed${exitCode === undefined ? '' : ` with exit code ${exitCode}`}` }
    if (result === 'pass') return { buildpack, outcome: 'passed', reason: 'its detection ended with exit code 0' }
    const optional = result === 'skip' ? ', and the group does not require it' : ''
    return { buildpack, outcome: result === 'skip' ? 'skipped' : 'not detected', reason: `${whyNot(relation, name)}${optional}` }
  }
}

function whyNot(relation: string | undefined, name: string): string {
  if (relation === 'requires') return `it requires '${name}', which no buildpack before it provides`
  return relation === undefined ? 'its detection ended with exit code 100' : `it provides '${name}', which no buildpack requires`
}
