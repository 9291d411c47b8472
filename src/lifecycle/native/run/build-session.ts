/** The build's container, talked with while it runs detector and builder (session-script.ts is the other side). */

import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import { abortError, CnbError, toCnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { measured } from '../../../base/spans.ts'
import type { Container, AttachedContainer } from '../../../docker/engine.ts'
import { phaseError } from '../../exit-codes.ts'
import type { PhaseTime } from '../../lifecycle.ts'
import { PhaseReporter } from '../../phase-reporter.ts'
import { type Fingerprints, hashLooks, readFingerprints } from './fingerprints.ts'
import { type KeptPaths, readListing, removedPaths } from './kept-paths.ts'
import { MarkedOutput, type MarkedLine } from './marked-output.ts'
import { checkLargeFiles } from '../metadata-limit.ts'

/** What the session cannot go on with; the caller knows another way. */
export type PrepareFailure = 'missing' | 'unclean'

interface SessionFiles {
  readonly group: Buffer
  readonly analyzed: Buffer
}

export interface BuildOutcome {
  /** A tar of small files (model.ts, LayersTree), with `/cnb/lifecycle`'s SBOM files. */
  readonly survey: Buffer
  /** Gives the fingerprints of layers' directories; callable once. @param directories all of them, relative to `/layers` */
  readonly fingerprints: (directories: readonly string[]) => Promise<Fingerprints>
  /** What the builder's lifecycle prints of its version; empty if it was not asked. */
  readonly version: string
}

interface Said {
  readonly words: MarkedLine
  readonly data: Buffer
}

/** A reply that takes longer will not come: a buildpack can write to the script's standard input, and mislead it. */
const REPLY_TIMEOUT_MS = 10 * 60 * 1000
/** How long the script may take to end when its input does. */
const END_TIMEOUT_MS = 2000
/** More than the script says before it waits for an answer. */
const MAX_UNREAD = 16
const MAX_SHOWN = 100

/** Begun by `openSession`; leaving the scope of `await using` hangs up, and the script ends. */
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

  /** @param times gets the phases' times */
  constructor(times: PhaseTime[], context: Context) {
    this.#times = times
    this.#context = context
  }

  /** Starts the script. @throws CnbError what the engine says of a container that cannot be started */
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
      (exitCode) => this.#fail(new Ended(exitCode)),
      (error: unknown) => this.#fail(error),
    )
    this.#say(this.#mark)
  }

  /**
   * Removes everything from `/layers` that does not stay.
   * @returns the directories that did not look as recorded and were removed, or why the session cannot go on
   */
  async prepare(kept: KeptPaths): Promise<string[] | PrepareFailure> {
    const directories = [...kept.fingerprints.keys()]
    this.#sayPaths(directories)
    const first = await this.#reply()
    if (first.words[0] === 'missing') return 'missing'
    const looks = dataOf(first, 'looks')
    const present = readListing(await this.#bytes('paths'))
    if (!present.isWhole) return 'unclean'
    const found = await this.#fingerprints(looks, directories)
    const changed = [...kept.fingerprints].flatMap(([path, expected]) => (found.get(path) === expected ? [] : [path]))
    const goes = removedPaths(kept, changed)
    this.#sayPaths(present.paths.filter(goes), 'latin1')
    const left = readListing(await this.#bytes('paths'))
    return left.isWhole && left.isReadable && !left.paths.some(goes) ? changed : 'unclean'
  }

  /**
   * Waits for the detector.
   * @param ask whether the outcome of the build shall tell the lifecycle's version: asking runs the lifecycle once more
   * @throws CnbError for the detector's exit code
   */
  async detect(ask: boolean): Promise<SessionFiles> {
    this.#begin('detector')
    this.#say(ask ? 'ask' : 'known')
    await this.#phaseEnd('detector')
    return { group: await this.#bytes('group'), analyzed: await this.#bytes('analyzed') }
  }

  /** Removes paths of `/layers`. */
  async remove(removed: readonly string[]): Promise<void> {
    this.#sayPaths(removed)
    const { words } = await this.#reply()
    if (words[0] !== 'removed') throw protocolError(words)
  }

  /** Runs the builder and gives what it left. @throws CnbError for the builder's exit code, or once `signal` is aborted */
  async build(signal: AbortSignal | undefined): Promise<BuildOutcome> {
    const stop = (): void => this.#fail(signal && abortError(signal))
    signal?.addEventListener('abort', stop, { once: true })
    this.#begin('builder')
    this.#say('build')
    try {
      await this.#phaseEnd('builder')
      return await measured(this.#context, 'reading what the build left', () => this.#outcome())
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }

  /** Gives what the build phase left that ran elsewhere. */
  survey(): Promise<BuildOutcome> {
    this.#say('survey')
    return this.#outcome()
  }

  async #outcome(): Promise<BuildOutcome> {
    checkLargeFiles(await this.#bytes('large'))
    const survey = await this.#bytes('survey')
    const looks = await this.#bytes('looks')
    const version = (await this.#bytes('version')).toString().trim()
    return { survey, version, fingerprints: (directories) => this.#fingerprints(looks, directories) }
  }

  /** Hashes what was short enough to be sent; else the script hashes. */
  async #fingerprints(looks: Buffer, directories: readonly string[]): Promise<Fingerprints> {
    const hashed = hashLooks(looks)
    this.#sayPaths(hashed ? [] : directories)
    const read = readFingerprints(await this.#bytes('fingerprints'))
    return hashed ?? read
  }

  /** From now on what is printed is this phase's. */
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
      if (!(error instanceof Ended)) {
        this.#finish(this.#context.signal?.aborted ? 130 : 1)
        throw error
      }
      // The first process was killed, and the phase with it.
      exitCode = error.exitCode === 0 ? 1 : error.exitCode
    }
    const words = this.#reporter?.lastWords ?? ''
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

  /** A buildpack that forges lines can say any number of them. */
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

  /** The next line, which the script says without waiting for a phase. */
  async #reply(): Promise<Said> {
    const timer = setTimeout(() => this.#fail(new CnbError('CNB_PHASE_FAILED', "the build's container does not answer")), REPLY_TIMEOUT_MS)
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

  /** Ends the script; what the container left can still be read once it has ended. */
  closeInput(): void {
    this.#ending ??= this.#end()
  }

  /** The script ends by itself, mostly at once. A phase whose end was forged may go on: it is killed, for a read waits for the end. */
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

/** The container ended although the host waits for a line. */
class Ended extends CnbError {
  readonly exitCode: number

  constructor(exitCode: number) {
    super('CNB_PHASE_FAILED', `the build's container ended with exit code ${exitCode} before its work was done`, {
      hint: 'Something killed it: most often memory ran out, or somebody removed it.',
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
  return new CnbError('CNB_PHASE_FAILED', `the build's container says '${words.slice(0, 3).join(' ').slice(0, MAX_SHOWN)}' out of turn`)
}
