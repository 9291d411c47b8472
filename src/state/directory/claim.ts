/** A claim: a file that exists while its process works, with signs of life for other machines. */

import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises'
import { CnbError } from '../../base/errors.ts'
import { dirname } from 'node:path'
import { cannotWrite } from '../../base/files.ts'
import { ownerLabel, parseOwner } from '../../base/processes/owner.ts'
import type { StateProcess } from './state-process.ts'

/** A claim without a sign of life for this many beats belongs to a process that has ended. */
const PATIENCE = 4

export class Claim implements AsyncDisposable {
  #path: string
  readonly #file: FileHandle
  readonly #label: string
  readonly #lost = new AbortController()
  readonly #timer: NodeJS.Timeout
  #beats = 0
  #beating: Promise<void> = Promise.resolve()

  private constructor(path: string, file: FileHandle, { owner, beat }: StateProcess) {
    this.#path = path
    this.#file = file
    this.#label = ownerLabel(owner)
    this.#timer = setInterval(() => {
      this.#beating = this.#beat()
    }, beat).unref()
  }

  /** Creates the claim. @throws CnbError CNB_OUTPUT */
  static async make(path: string, process: StateProcess): Promise<Claim> {
    // The random name would make each failure another one.
    const failed = (error: unknown): never => cannotWrite(dirname(path), error)
    const file = await open(path, 'w').catch(failed)
    const claim = new Claim(path, file, process)
    try {
      await claim.#write()
      return claim
    } catch (error) {
      await claim[Symbol.asyncDispose]()
      return failed(error)
    }
  }

  /** Aborted if another process removed the claim, because this one did not run for long. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** @throws CnbError CNB_OUTPUT */
  async rename(path: string): Promise<void> {
    await rename(this.#path, path).catch((error: unknown) => cannotWrite(path, error))
    this.#path = path
  }

  async #beat(): Promise<void> {
    // A full disk must not end the claim: the next beat may succeed.
    await this.#write().catch(() => {})
    const links = await this.#file.stat().then(({ nlink }) => nlink, () => 0)
    if (links > 0) return
    this.#lost.abort(new CnbError('CNB_STATE_CHANGED', 'cannot continue: another process took over the state, because this one did not run for too long', { hint: 'Run the command again.' }))
    clearInterval(this.#timer)
  }

  /** Writes in place: a claim that was removed must not come back. */
  async #write(): Promise<void> {
    const text = `${this.#label}\n${String(++this.#beats).padStart(10)}\n`
    await this.#file.write(text, 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#beating
    await this.#file.close()
    // A process that took over may have a claim with the same path.
    if (!this.lost.aborted) await rm(this.#path, { force: true })
  }
}

/** Decides whether the processes of claims are alive; it watches claims of other machines until they show no sign of life. */
export class ClaimWatch {
  readonly #process: StateProcess
  readonly #seen = new Map<string, { readonly content: string; readonly since: number }>()

  constructor(process: StateProcess) {
    this.#process = process
  }

  /** Returns whether the claim exists and its process may be alive; a description of the process in `holder`. */
  async look(path: string): Promise<{ readonly holder: string } | 'ended' | 'absent'> {
    const { owner: self, hasEnded, beat } = this.#process
    const content = await readFile(path, 'latin1').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw new CnbError('CNB_STATE_INVALID', `cannot read ${path}: ${error.message}`, { cause: error })
    })
    if (content === undefined) return 'absent'
    const owner = parseOwner(content.split('\n')[0] ?? '')
    // Without its start time, a process cannot be distinguished from a later one.
    const isHere = owner !== undefined && owner.startTime !== '' && owner.space !== '' && owner.space === self.space
    if (isHere && (await hasEnded(owner))) return 'ended'
    if (!isHere && this.#unchangedFor(path, content) > PATIENCE * beat) return 'ended'
    return { holder: owner ? `process ${owner.pid} on ${owner.hostname}` : 'another process' }
  }

  /** Counts the time of this process only: clocks of machines differ and jump. */
  #unchangedFor(path: string, content: string): number {
    const now = performance.now()
    const seen = this.#seen.get(path)
    if (seen?.content === content) return now - seen.since
    this.#seen.set(path, { content, since: now })
    return 0
  }
}
