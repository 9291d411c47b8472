/** Controls the build container through the session script (session-script.ts). */

import { randomBytes } from 'node:crypto'
import { type Readable, Writable } from 'node:stream'
import { abortError, CnbError } from '../../../../base/errors.ts'
import type { Context } from '../../../../base/events.ts'
import { measured } from '../../../../base/spans.ts'
import type { Container, AttachedContainer } from '../../../../docker/engine.ts'
import { whenWritable } from '../../../../docker/when-writable.ts'
import { phaseError } from '../../../exit-codes.ts'
import type { PhaseTime } from '../../../lifecycle.ts'
import { PhaseReporter } from '../../../phase-reporter.ts'
import { type Fingerprints, hashAttributes, readFingerprints } from './fingerprints.ts'
import { type KeptPaths, readListing, removedPaths } from '../kept-paths.ts'
import { MarkedOutput } from './marked-output.ts'
import { looksOf, SessionApp } from './session-app.ts'
import { dataOf, exitCodeOf, protocolError, SessionLines } from './session-lines.ts'
import { SessionTar, type TarRefusal } from './session-tar.ts'
import { checkLargeFiles } from '../../metadata-limit.ts'
import type { Secret } from '../../../../project/secret.ts'
import { secretLines, SECRETS_DIR } from '../../../secrets/secret-input.ts'

/** Why the session cannot continue; the caller then runs the build in another way. */
export type PrepareFailure = 'missing' | 'unclean' | 'unclean app'

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
  /** The looks of the app's files, if they are in a volume; otherwise empty. */
  readonly app: string
}

/** The maximum time for the script to end after its input ended. */
const END_TIMEOUT_MS = 2000
/** A session with the build container. Leaving the scope of `await using` closes the attachment, and the script ends. */
export class BuildSession implements AsyncDisposable {
  readonly #mark = randomBytes(16).toString('hex')
  readonly #context: Context
  readonly #times: PhaseTime[]
  #attached: AttachedContainer | undefined
  #reporter: PhaseReporter | undefined
  #output: ReturnType<PhaseReporter['stream']> | undefined
  #errors: ReturnType<PhaseReporter['stream']> | undefined
  readonly #said = new SessionLines()
  #ending: Promise<void> | undefined
  readonly #tar: SessionTar
  /** Brings the app into the container. */
  readonly app: SessionApp

  /** @param times receives the durations of the phases */
  constructor(times: PhaseTime[], context: Context) {
    this.#times = times
    this.#context = context
    this.#tar = new SessionTar(this.#said, (paths) => this.#sayList(paths))
    this.app = new SessionApp(this.#said, {
      line: (text) => this.#say(text),
      list: (paths) => this.#sayList(paths, 'latin1'),
      bytes: (piece) => this.#sayBytes(piece),
    })
  }

  /** Starts the script. @throws CnbError if the engine cannot start the container */
  async start(container: Container): Promise<void> {
    const stdout = new MarkedOutput({
      mark: this.#mark,
      text: (chunk) => this.#output?.write(chunk),
      line: (words, data) => this.#said.hear({ words, data }),
      receiver: (name) => (name === 'tar' ? this.#tar.receiver : undefined),
    })
    stdout.on('error', (error) => this.#said.fail(error))
    const stderr = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (this.#errors) this.#errors.write(chunk, () => done())
        else done()
      },
    })
    this.#attached = await container.attach({ stdout, stderr }, this.#context)
    this.#attached.exitCode.then(
      (exitCode) => this.#said.fail(new SessionEnded(exitCode)),
      (error: unknown) => this.#said.fail(error),
    )
    this.#say(this.#mark)
  }

  /**
   * Removes everything from `/layers` except `kept`.
   * @param fill uploads files that are in `kept`, and none in the directories that have fingerprints, which the script reads meanwhile
   * @returns the directories that were removed because their fingerprint differs, or why the session cannot continue
   */
  async prepare(kept: KeptPaths, fill: () => Promise<void>): Promise<string[] | PrepareFailure> {
    const directories = [...kept.fingerprints.keys()]
    this.#sayPaths(directories)
    await fill()
    this.#say('filled')
    const first = await this.#said.reply()
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
   * Removes paths after layers were uploaded.
   * @returns the fingerprints of `directories`, before code of a buildpack could change them
   * @throws CnbError CNB_RESTORE_FAILED if a path remains
   */
  async restored(directories: readonly string[], removed: readonly string[]): Promise<Fingerprints> {
    this.#say('restored')
    this.#sayPaths(removed)
    this.#sayPaths(directories)
    const { paths } = readListing(await this.#bytes('paths'))
    const remains = removed.find((path) => paths.includes(Buffer.from(path).toString('latin1')))
    if (remains !== undefined) throw new CnbError('CNB_RESTORE_FAILED', `cannot remove /layers/${remains}, which is damaged`)
    return this.#fingerprints(await this.#bytes('attributes'), directories)
  }

  /** Writes secrets to the memory of the container, for all later phases. @throws CnbError CNB_PHASE_FAILED if it has no room for them */
  async putSecrets(secrets: readonly Secret[]): Promise<void> {
    this.#say('secrets')
    await this.#sayBytes(Buffer.from(secretLines(secrets)))
    const exitCode = exitCodeOf(await this.#said.reply(), 'secrets')
    if (exitCode !== 0) throw new CnbError('CNB_PHASE_FAILED', `cannot write the secrets to ${SECRETS_DIR} in the build container`)
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
    const { words } = await this.#said.reply()
    if (words[0] !== 'removed') throw protocolError(words)
  }

  /** Runs the builder and returns its outcome. @throws CnbError for the builder's exit code, or when `signal` is aborted */
  async build(signal: AbortSignal | undefined): Promise<BuildOutcome> {
    const stop = (): void => this.#said.fail(signal && abortError(signal))
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
    const app = looksOf(await this.#bytes('app'))
    return { survey, version, app, fingerprints: (directories) => this.#fingerprints(attributes, directories) }
  }

  /** See SessionTar. */
  async tar(directory: string, name: string, form: 'tar' | 'list' = 'tar'): Promise<Readable | TarRefusal> {
    return this.#ending || this.#said.failure ? 'ended' : this.#tar.read(directory, name, form)
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
    this.#reporter = new PhaseReporter(phase, this.#context)
    this.#output = this.#reporter.stream('stdout')
    this.#errors = this.#reporter.stream('stderr')
  }

  async #phaseEnd(phase: string): Promise<void> {
    let exitCode: number
    try {
      exitCode = exitCodeOf(await this.#said.next(), phase)
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
    return dataOf(await this.#said.reply(), name)
  }

  #say(line: string): void {
    this.#attached?.stdin.write(`${line}\n`)
  }

  /** Waits until the input accepts more, or is closed: then the session reports the end of the container. */
  async #sayBytes(piece: Buffer): Promise<void> {
    const stdin = this.#attached?.stdin
    if (stdin?.write(piece) === false) await new Promise<void>((resolve) => whenWritable(stdin, resolve))
  }

  /** @param paths relative to `/layers` */
  #sayPaths(paths: readonly string[], encoding?: BufferEncoding): void {
    this.#sayList(paths.map((path) => `./${path}`), encoding)
  }

  #sayList(paths: readonly string[], encoding: BufferEncoding = 'utf8'): void {
    const list = Buffer.from(paths.map((path) => `${path}\0`).join(''), encoding)
    this.#say(String(list.length))
    this.#attached?.stdin.write(list)
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
