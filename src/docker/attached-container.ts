/** Starts a created container and attaches to its input, output and exit status. */

import { PassThrough, type Readable } from 'node:stream'
import { timeLimit } from '../base/clock.ts'
import { abortError, CnbError, throwIfAborted } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { EngineClient } from './connection/client.ts'
import type { ContainerOutput, AttachedContainer, EngineInfo } from './engine.ts'
import { engineRefusal } from './engine-errors.ts'
import { demultiplex } from './multiplex.ts'
import { recordOf, stringOf } from '../formats/lenient-values.ts'

const KILL_TIMEOUT_MS = 5000
const TASK = 'cannot run the container'

interface AttachableContainer {
  readonly id: string
  readonly stdin: boolean
  readonly product: EngineInfo['product']
}

export interface DetachableContainer extends AttachedContainer {
  /** Closes the connections; the container continues to run. */
  detach(): Promise<void>
}

/**
 * Starts the container and attaches to it; see `run` and `converse` of Container. Without standard input, `stdin` is closed from the
 * start. Input has a separate connection: Node closes both directions of a connection after a failed write, and the program's last
 * output would be lost.
 */
export async function attachAndStart(
  client: EngineClient, container: AttachableContainer, output: ContainerOutput, context: Context = {},
): Promise<DetachableContainer> {
  throwIfAborted(context.signal)
  const ending = new AbortController()
  // Aborting it closes all connections of the attachment.
  const signal = AbortSignal.any([ending.signal, ...(context.signal ? [context.signal] : [])])
  const request = (action: string, query?: Record<string, string | boolean>, task = TASK) =>
    ({ task, method: 'POST', path: `/containers/${container.id}/${action}`, query, signal }) as const
  let started = false
  const end = async (error: unknown): Promise<never> => {
    const reason: unknown = signal.aborted ? abortError(signal) : error
    ending.abort()
    // Immediately, and ignoring errors: the container may have ended already, or the engine with it.
    const kill = { ...request('kill', undefined, 'cannot kill the container'), signal: timeLimit(KILL_TIMEOUT_MS) }
    if (started) await client.text(kill).catch(() => {})
    throw reason
  }
  try {
    const attaching = client.hijack(request('attach', { stream: true, stdout: true, stderr: true }))
    // Each attachment prepares the container, and podman refuses the second if it checks the state while the first prepares it.
    if (container.product === 'podman') await attaching
    const [attached, stdin, wait] = await Promise.all([
      attaching,
      container.stdin ? client.upgrade(request('attach', { stream: true, stdin: true }), 'tcp') : new PassThrough().destroy(),
      // The engine sends the reply's headers once it waits, so the container cannot start and exit before.
      client.stream(request('wait', { condition: 'next-exit' })),
    ])
    // This connection carries no output, but it must be read to notice its end.
    stdin.resume()
    const printed = demultiplex(attached, output)
    // Awaited below; a failure before that must not count as unhandled.
    printed.catch(() => {})
    started = true
    await client.text(request('start', undefined, 'cannot start the container'))
    const exitCode = Promise.all([readExitCode(wait), printed]).then(([code]) => (ending.abort(), code), end)
    // A caller that never awaits `exitCode` has already closed the attachment.
    exitCode.catch(() => {})
    const closeInput = async (): Promise<void> => {
      ending.abort(new CnbError('CNB_INTERRUPTED', 'the attachment to the container was closed'))
      await exitCode.catch(() => {})
    }
    const detach = (): Promise<void> => {
      started = false
      return closeInput()
    }
    return { stdin, exitCode, detach, [Symbol.asyncDispose]: closeInput }
  } catch (error) {
    return end(error)
  }
}

async function readExitCode(wait: Readable): Promise<number> {
  let text = ''
  for await (const chunk of wait) text += (chunk as Buffer).toString()
  if (text.trim() === '') throw new CnbError('CNB_ENGINE_LOST', `${TASK}: the engine stopped waiting for it without reporting an exit status`)
  let reply: Record<string, unknown> = {}
  try {
    reply = recordOf(JSON.parse(text))
  } catch {
    // Handled below: a reply without a status.
  }
  const words = stringOf(recordOf(reply.Error).Message)
  if (words !== undefined) throw engineRefusal(TASK, 0, words)
  if (typeof reply.StatusCode !== 'number') throw engineRefusal(TASK, 0, `the engine reported no exit status: ${text.slice(0, 200)}`)
  return reply.StatusCode
}
