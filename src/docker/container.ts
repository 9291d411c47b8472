/** A container: copy files in and out, run it, remove it. */

import type { Readable } from 'node:stream'
import { timeLimit } from '../base/clock.ts'
import type { Context } from '../base/events.ts'
import type { EngineClient } from './connection/client.ts'
import { startContainer } from './connection/exec.ts'
import { attachAndStart, type DetachableContainer } from './attached-container.ts'
import type { Container, ContainerOutput, AttachedContainer, EngineInfo } from './engine.ts'
import { engineStatus } from './engine-errors.ts'
import { discardContainer, type LeftContainers, removeContainer } from './remove-container.ts'

/** Time for the engine to kill a program that did not end. */
const STOP_TIMEOUT_MS = 5000

export interface CreatedContainer {
  readonly id: string
  /** Whether it was created with standard input. */
  readonly stdin: boolean
  /** Undefined if the process may continue after `leave`. */
  readonly left: LeftContainers | undefined
  readonly product: EngineInfo['product']
}

export class EngineContainer implements Container {
  readonly id: string
  readonly stdin: boolean
  readonly #client: EngineClient
  readonly #context: Context
  readonly product: EngineInfo['product']
  readonly #left: LeftContainers | undefined
  #attached: DetachableContainer | undefined
  #disposal: Promise<void> | undefined

  /** @param context receives a warning if the container cannot be removed on disposal */
  constructor(client: EngineClient, { id, stdin, left, product }: CreatedContainer, context: Context) {
    this.id = id
    this.stdin = stdin
    this.product = product
    this.#client = client
    this.#left = left
    this.#context = context
  }

  async putArchive(path: string, tar: Readable | Buffer, context: Context = {}): Promise<void> {
    const task = `cannot copy files to ${path} in the container`
    await this.#client.text({ task, method: 'PUT', path: this.#path('archive'), query: { path }, upload: tar, signal: context.signal })
  }

  async getArchive(path: string, context: Context = {}): Promise<Readable | undefined> {
    const task = `cannot read ${path} from the container`
    await this.#ended()
    try {
      return await this.#client.stream({ task, method: 'GET', path: this.#path('archive'), query: { path }, signal: context.signal })
    } catch (error) {
      if (engineStatus(error) === 404) return undefined
      throw error
    }
  }

  async run(output: ContainerOutput, context: Context = {}): Promise<number> {
    await using attached = await this.#start(output, context)
    attached.stdin.end()
    return await attached.exitCode
  }

  async attach(output: ContainerOutput, context: Context = {}): Promise<AttachedContainer> {
    return this.#start(output, context)
  }

  start(context?: Context): Promise<void> {
    return startContainer(this.#client, this.id, context)
  }

  async stop(seconds: number): Promise<void> {
    const signal = AbortSignal.any([timeLimit(seconds * 1000 + STOP_TIMEOUT_MS), this.#client.cleanup])
    try {
      await this.#client.text({ task: 'cannot stop the container', method: 'POST', path: this.#path('stop'), query: { t: seconds }, signal })
    } catch (error) {
      if (engineStatus(error) !== 404) throw error
    }
  }

  async #start(output: ContainerOutput, context: Context): Promise<DetachableContainer> {
    return (this.#attached = await attachAndStart(this.#client, this, output, context))
  }

  /**
   * Waits for a program with a closed input to end. Meanwhile, podman may reply to a read with status 200 and a truncated archive (26 of
   * 40 reads of 3 MB on 4.3.1, 29 on 5.8.6), and Docker blocks the read.
   */
  async #ended(): Promise<void> {
    if (this.#attached?.stdin.writableEnded) await this.#attached.exitCode.catch(() => {})
  }

  remove(): Promise<void> {
    return removeContainer(this.#client, this.id)
  }

  async leave(): Promise<void> {
    if (!this.#left || this.#disposal) return this[Symbol.asyncDispose]()
    await this.#attached?.detach()
    await (this.#disposal = this.#left.remove(this.#client, this.id))
  }

  async keep(name: string): Promise<void> {
    await removeContainer(this.#client, name)
    await this.#client.text({ task: 'cannot keep the container', method: 'POST', path: this.#path('rename'), query: { name } })
    this.#disposal = Promise.resolve()
  }

  /** Removes it once; callers that no longer need the container may call it before the scope ends. */
  [Symbol.asyncDispose](): Promise<void> {
    return (this.#disposal ??= discardContainer(this.#client, this.id, this.#context))
  }

  #path(action: string): string {
    return `/containers/${this.id}/${action}`
  }
}
