/** One container: files in and out, running it, removing it. */

import type { Readable } from 'node:stream'
import { abortError, CnbError, throwIfAborted, toCnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { EngineClient } from './client.ts'
import type { Container, ContainerOutput } from './engine.ts'
import { isEngineGone, refusal, refusalStatus } from './errors.ts'
import { demultiplex } from './multiplex.ts'
import { removeContainer } from './remove-container.ts'
import { recordOf, stringOf } from './reply.ts'

const KILL_TIMEOUT_MS = 5000

export class EngineContainer implements Container {
  readonly id: string
  readonly #client: EngineClient
  readonly #context: Context

  /** `context` hears a warning when the container cannot be removed at the end of its scope. */
  constructor(client: EngineClient, id: string, context: Context) {
    this.id = id
    this.#client = client
    this.#context = context
  }

  async putArchive(path: string, tar: Readable | Buffer, context: Context = {}): Promise<void> {
    const task = `cannot copy files to ${path} in the container`
    await this.#client.text({ task, method: 'PUT', path: this.#path('archive'), query: { path }, upload: tar, signal: context.signal })
  }

  async getArchive(path: string, context: Context = {}): Promise<Readable | undefined> {
    const task = `cannot read ${path} from the container`
    try {
      return await this.#client.stream({ task, method: 'GET', path: this.#path('archive'), query: { path }, signal: context.signal })
    } catch (error) {
      if (refusalStatus(error) === 404) return undefined
      throw error
    }
  }

  async run(output: ContainerOutput, context: Context = {}): Promise<number> {
    const { signal } = context
    const task = 'cannot run the container'
    throwIfAborted(signal)
    const query = { stream: true, stdout: true, stderr: true }
    const attached = await this.#client.hijack({ task, method: 'POST', path: this.#path('attach'), query, signal })
    let started = false
    try {
      const printed = demultiplex(attached, output)
      // It is awaited below; a failure before that must not count as unhandled.
      printed.catch(() => {})
      // The engine sends the reply's headers once it waits, so the start below cannot come first and its exit be missed.
      const wait = await this.#client.stream({ task, method: 'POST', path: this.#path('wait'), query: { condition: 'next-exit' }, signal })
      try {
        started = true
        await this.#client.text({ task: 'cannot start the container', method: 'POST', path: this.#path('start'), signal })
        const [exitCode] = await Promise.all([this.#exitCode(wait, task), printed])
        return exitCode
      } finally {
        wait.destroy()
      }
    } catch (error) {
      if (started) await this.#kill()
      throw signal?.aborted ? abortError(signal) : error
    } finally {
      attached.destroy()
    }
  }

  async #exitCode(wait: Readable, task: string): Promise<number> {
    let text = ''
    for await (const chunk of wait) text += (chunk as Buffer).toString()
    if (text.trim() === '') throw new CnbError('CNB_ENGINE_LOST', `${task}: the engine stopped waiting for it without saying how it ended`)
    let reply: Record<string, unknown> = {}
    try {
      reply = recordOf(JSON.parse(text))
    } catch {
      // Told below: a reply without a status.
    }
    const words = stringOf(recordOf(reply.Error).Message)
    if (words !== undefined) throw refusal(task, 0, words)
    if (typeof reply.StatusCode !== 'number') throw refusal(task, 0, `the engine did not say how it ended: ${text.slice(0, 200)}`)
    return reply.StatusCode
  }

  /** At once, and without complaint: it may have ended already, or the engine with it. */
  async #kill(): Promise<void> {
    const signal = AbortSignal.timeout(KILL_TIMEOUT_MS)
    await this.#client.text({ task: 'cannot kill the container', method: 'POST', path: this.#path('kill'), signal }).catch(() => {})
  }

  remove(): Promise<void> {
    return removeContainer(this.#client, this.id)
  }

  /** Warns rather than throws: an error here would hide the one that ended the scope. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.remove()
    } catch (error) {
      // An engine that is gone is told of by the error that it was the cause of; a later run removes what is left there.
      const message = `${toCnbError(error).message}; 'docker rm -f ${this.id.slice(0, 12)}' removes it`
      this.#context.events?.({ type: isEngineGone(error) ? 'debug' : 'warning', message })
    }
  }

  #path(action: string): string {
    return `/containers/${this.id}/${action}`
  }
}
