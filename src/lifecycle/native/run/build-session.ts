/** Controls the build container through the session script (session-script.ts). */

import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import { abortError, CnbError, toCnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { measured } from '../../../base/spans.ts'
import type { Container, AttachedContainer } from '../../../docker/engine.ts'
import { phaseError } from '../../exit-codes.ts'
import type { PhaseTime } from '../../lifecycle.ts'
import { PhaseReporter } from '../../phase-reporter.ts'
import { type Fingerprints, hashAttributes, readFingerprints } from './fingerprints.ts'
import { type KeptPaths, readListing, removedPaths } from './kept-paths.ts'
import { MarkedOutput, type MarkedLine } from './marked-output.ts'
import { checkLargeFiles } from '../metadata-limit.ts'

/** Why the session cannot continue; the caller then runs the build in another way. */
export type PrepareFailure = 'missing' | 'unclean'

interface SessionFiles {
  readonly group: Buffer
  readonly analyzed: Buffer
}

export interface BuildOutcome {
  /** A tar of small files (model.ts, LayersTree), including SBOM files of `/cnb/lifecycle`. */
  readonly survey: Buffer
  /** Returns the fingerprints of layers' directories; call it once. @param directories all of them, relative to `/layers` */
  readonly fingerprints: (directories: readonly string[]) => Promise<Fingerprints>
  /** The version that the builder's lifecycle prints; empty if it was not requested. */
  readonly version: string
}

interface Said {
  readonly words: MarkedLine
  readonly data: Buffer
}

/** The maximum time for a reply. A buildpack can write to the script's standard input and break the protocol. */
const REPLY_TIMEOUT_MS = 10 * 60 * 1000
/** The maximum time for the script to end after its input ended. */
const END_TIMEOUT_MS = 2000
/** More lines than the script writes before it waits for a command. */
const MAX_UNREAD = 16
const MAX_SHOWN = 100

/** A session with the build container. Leaving the scope of `await using` closes the attachment, and the script ends. */
export class BuildSession implements AsyncDisposable {
  readonly #mark = randomBytes(16).toString('hex')
  readonly #context: Context
  readonly #times: PhaseTime[]
  #attached: AttachedContainer | undefined
  #reporter: PhaseReporter | undefined
  #output: ReturnType<PhaseReporter['stream']> | undefined
  #errors: ReturnType<PhaseReporter['stream']> | undefined
  readonly #said: Said[] = []
  #wake: (() => void) | undefined
  #failure: unknown
  #ending: Promise<void> | undefined

  /** @param times receives the durations of the phases */
  constructor(times: PhaseTime[], context: Context) {
    this.#times = times
    this.#context = context
  }

  /** Starts the script. @throws CnbError if the engine cannot start the container */
  async start(container: Container): Promise<void> {
    const stdout = new MarkedOutput({
      mark: this.#mark,
      text: (chunk) => this.#output?.write(chunk),
      line: (words, data) => this.#hear({ words, data }),
    })
    stdout.on('error', (error) => this.#fail(error))
    const stderr = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (this.#errors) this.#errors.write(chunk, () => done())
        else done()
      },
    })
    this.#attached = await container.attach({ stdout, stderr }, this.#context)
    this.#attached.exitCode.then(
      (exitCode) => this.#fail(new SessionEnded(exitCode)),
      (error: unknown) => this.#fail(error),
    )
    this.#say(this.#mark)
  }

  /**
   * Removes everything from `/layers` except `kept`.
   * @returns the directories that were removed because their fingerprint differs, or why the session cannot continue
   */
  async prepare(kept: KeptPaths): Promise<string[] | PrepareFailure> {
    const directories = [...kept.fingerprints.keys()]
    this.#sayPaths(directories)
    const first = await this.#reply()
    if (first.words[0] === 'missing') return 'missing'
    const attributes = dataOf(first, 'attributes')
    const present = readListing(await this.#bytes('paths'))
    if (!present.isWhole) return 'unclean'
    const found = await this.#fingerprints(attributes, directories)
    const changed = [...kept.fingerprints].flatMap(([path, expected]) => (found.get(path) === expected ? [] : [path]))
    const goes = removedPaths(kept, changed)
    this.#sayPaths(present.paths.filter(goes), 'latin1')
    const left = readListing(await this.#bytes('paths'))
    return left.isWhole && left.isReadable && !left.paths.some(goes) ? changed : 'unclean'
  }

  /**
   * Waits for the detector to end.
   * @param ask whether to get the lifecycle's version for the outcome of the build, which runs the lifecycle once more
   * @throws CnbError for the detector's exit code
   */
  async detect(ask: boolean): Promise<SessionFiles> {
    this.#begin('detector')
    this.#say(ask ? 'ask' : 'known')
    await this.#phaseEnd('detector')
    return { group: await this.#bytes('group'), analyzed: await this.#bytes('analyzed') }
  }

  /** Removes paths from `/layers`. */
  async remove(removed: readonly string[]): Promise<void> {
    this.#sayPaths(removed)
    const { words } = await this.#reply()
    if (words[0] !== 'removed') throw protocolError(words)
  }

  /** Runs the builder and returns its outcome. @throws CnbError for the builder's exit code, or when `signal` is aborted */
  async build(signal: AbortSignal | undefined): Promise<BuildOutcome> {
    const stop = (): void => this.#fail(signal && abortError(signal))
    signal?.addEventListener('abort', stop, { once: true })
    this.#begin('builder')
    this.#say('build')
    try {
      await this.#phaseEnd('builder')
      return await measured(this.#context, 'reading the build results', () => this.#outcome())
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }

  /** Returns the outcome of a build phase that ran elsewhere. */
  survey(): Promise<BuildOutcome> {
    this.#say('survey')
    return this.#outcome()
  }

  async #outcome(): Promise<BuildOutcome> {
    checkLargeFiles(await this.#bytes('large'))
    const survey = await this.#bytes('survey')
    const attributes = await this.#bytes('attributes')
    const version = (await this.#bytes('version')).toString().trim()
    return { survey, version, fingerprints: (directories) => this.#fingerprints(attributes, directories) }
  }

  /** Hashes the entries' data if the script could send all of it; otherwise the script hashes. */
  async #fingerprints(attributes: Buffer, directories: readonly string[]): Promise<Fingerprints> {
    const hashed = hashAttributes(attributes)
    this.#sayPaths(hashed ? [] : directories)
    const read = readFingerprints(await this.#bytes('fingerprints'))
    return hashed ?? read
  }

  /** Assigns the output from now on to this phase. */
  #begin(phase: string): void {
    this.#reporter = new PhaseReporter(phase, this.#context.events ?? (() => {}))
    this.#output = this.#reporter.stream('stdout')
    this.#errors = this.#reporter.stream('stderr')
  }

  async #phaseEnd(phase: string): Promise<void> {
    let exitCode: number
    try {
      const { words } = await this.#next()
      exitCode = Number(words[2])
      if (words[0] !== 'exit' || words[1] !== phase || !isExitCode(words[2])) throw protocolError(words)
    } catch (error) {
      if (!(error instanceof SessionEnded)) {
        this.#finish(this.#context.signal?.aborted ? 130 : 1)
        throw error
      }
      // The first process was killed, and the phase with it.
      exitCode = error.exitCode === 0 ? 1 : error.exitCode
    }
    const words = this.#reporter?.errorOutput ?? ''
    this.#finish(exitCode)
    if (exitCode !== 0) throw phaseError(phase, exitCode, words)
  }

  #finish(exitCode: number): void {
    this.#output?.end()
    this.#errors?.end()
    this.#times.push(...(this.#reporter?.end(exitCode) ?? []))
    this.#reporter = this.#output = this.#errors = undefined
  }

  async #bytes(name: string): Promise<Buffer> {
    return dataOf(await this.#reply(), name)
  }

  #say(line: string): void {
    this.#attached?.stdin.write(`${line}\n`)
  }

  /** @param paths relative to `/layers` */
  #sayPaths(paths: readonly string[], encoding: BufferEncoding = 'utf8'): void {
    const list = Buffer.from(paths.map((path) => `./${path}\0`).join(''), encoding)
    this.#say(String(list.length))
    this.#attached?.stdin.write(list)
  }

  /** Bounds the number of unread lines, because a buildpack can forge any number. */
  #hear(said: Said): void {
    if (this.#failure) return
    if (this.#said.length < MAX_UNREAD) this.#said.push(said)
    else this.#fail(protocolError(said.words))
    this.#wake?.()
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    this.#wake?.()
  }

  /** Returns the next line, which the script sends without waiting for a phase. */
  async #reply(): Promise<Said> {
    const timer = setTimeout(() => this.#fail(new CnbError('CNB_PHASE_FAILED', 'the build container does not reply')), REPLY_TIMEOUT_MS)
    try {
      return await this.#next()
    } finally {
      clearTimeout(timer)
    }
  }

  async #next(): Promise<Said> {
    for (;;) {
      const said = this.#said.shift()
      if (said) return said
      if (this.#failure) throw toCnbError(this.#failure)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  /** Ends the script; the container's files remain readable. */
  closeInput(): void {
    this.#ending ??= this.#end()
  }

  /** The script usually ends at once. After a forged end a phase may still run: it is killed, because reads wait for the end. */
  async #end(): Promise<void> {
    if (!this.#attached) return
    const { exitCode, stdin } = this.#attached
    stdin.end()
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, END_TIMEOUT_MS)
      const end = (): void => (clearTimeout(timer), resolve())
      exitCode.then(end, end)
    })
    await this.#attached[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (this.#ending ?? this.#attached?.[Symbol.asyncDispose]())
  }
}

/** The container ended while the host waited for a line. */
class SessionEnded extends CnbError {
  readonly exitCode: number

  constructor(exitCode: number) {
    super('CNB_PHASE_FAILED', `the build container ended early with exit code ${exitCode}`, {
      hint: 'Check whether memory ran out, or whether the container was removed: something killed it.',
    })
    this.exitCode = exitCode
  }
}

function dataOf({ words, data }: Said, name: string): Buffer {
  if (words[0] !== 'data' || words[1] !== name) throw protocolError(words)
  return data
}

function isExitCode(word: string | undefined): boolean {
  return word !== undefined && /^\d{1,3}$/.test(word) && Number(word) <= 255
}

function protocolError(words: MarkedLine): CnbError {
  return new CnbError('CNB_PHASE_FAILED', `unexpected message from the build container: '${words.slice(0, 3).join(' ').slice(0, MAX_SHOWN)}'`)
}
