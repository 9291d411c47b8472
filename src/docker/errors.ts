/** The one place where what goes wrong with an engine becomes a CnbError. */

import { abortError, CnbError, type ErrorCode } from '../base/errors.ts'
import type { Endpoint } from './connection/endpoint.ts'
import { SshError } from './connection/ssh-connection.ts'
import { tlsProblem } from './connection/tls-problem.ts'

const MAX_WORDS = 2000
const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTSOCK'])
const LOST = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'])

/** The engine answered, but with a refusal. `status` is HTTP's; 0 for one told in the body of a reply that began well. */
export class EngineRefusal extends CnbError {
  readonly status: number
  /** The engine's own words, trimmed. */
  readonly words: string

  constructor(code: ErrorCode, task: string, status: number, words: string, hint?: string) {
    super(code, `${task}: ${words}`, { hint })
    this.status = status
    this.words = words
  }
}

/** The HTTP status that the engine refused with, or undefined for any other error. */
export function refusalStatus(thrown: unknown): number | undefined {
  return thrown instanceof EngineRefusal ? thrown.status : undefined
}

/** Whether there is no engine to talk to any more, so that everything else that is asked of it will fail too. */
export function isEngineGone(thrown: unknown): boolean {
  return thrown instanceof CnbError && (thrown.code === 'CNB_ENGINE_LOST' || thrown.code === 'CNB_ENGINE_UNREACHABLE')
}

/** Makes the error for a refusal in the engine's words. `task` is what was attempted, such as `cannot create a container`. */
export function engineRefusal(task: string, status: number, words: string): EngineRefusal {
  const said = words.trim().slice(0, MAX_WORDS) || `the engine answered with status ${status} and no reason`
  // No status tells a full disk from other failures, so this has to go by the operating system's words.
  if (/no space left on device/i.test(said)) {
    return new EngineRefusal('CNB_ENGINE_DISK_FULL', task, status, said,
      "'docker system df' shows what takes the space, 'docker system prune' frees what is unused.")
  }
  return new EngineRefusal('CNB_ENGINE_FAILED', task, status, said)
}

/**
 * Any thrown value of a call to the engine as a CnbError: CNB_INTERRUPTED or the signal's reason after an abort,
 * CNB_ENGINE_UNREACHABLE, _DENIED, _LOST, _DISK_FULL, or _FAILED with the engine's words.
 */
export function engineError(thrown: unknown, task: string, endpoint: Endpoint, signal?: AbortSignal): CnbError {
  if (signal?.aborted) return isTimeout(signal.reason) ? new CnbError('CNB_ENGINE_FAILED', `${task}: the engine does not answer`) : abortError(signal)
  if (thrown instanceof CnbError) return thrown
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const ofTls = tlsProblem(error, endpoint)
  if (ofTls) return ofTls
  const status = (error as { statusCode?: unknown }).statusCode
  if (typeof status === 'number') return engineRefusal(task, status, wordsOf(error, status))
  const code = (error as NodeJS.ErrnoException).code ?? ''
  const said = error.message.trim().slice(0, MAX_WORDS)
  const where = `${endpoint.address} (from ${endpoint.origin})`
  if (code === 'EACCES' || code === 'EPERM') {
    return new CnbError('CNB_ENGINE_DENIED', `this user may not use the container engine at ${where}: ${said}`, {
      cause: error,
      hint: "Join the group that owns the socket ('sudo usermod -aG docker $USER', then log in again), or use a rootless engine.",
    })
  }
  const ssh = error instanceof SshError ? error : undefined
  if (UNREACHABLE.has(code) || ssh?.established === false) {
    return new CnbError('CNB_ENGINE_UNREACHABLE', `no container engine answers at ${where}: ${said}`, {
      cause: error,
      hint: ssh?.hint ?? "Start Docker, or say where the engine is: set DOCKER_HOST, or choose a context with 'docker context use'.",
    })
  }
  if (ssh || LOST.has(code) || code.startsWith('ERR_HTTP2_') || error.message === 'socket hang up' || error.message === 'aborted') {
    return new CnbError('CNB_ENGINE_LOST', `${task}: the connection to the container engine at ${where} broke off: ${said}`, {
      cause: error,
      hint: 'See whether the engine still runs, and try again: the next run removes what this one leaves there.',
    })
  }
  return new CnbError('CNB_ENGINE_FAILED', `${task}: ${said}`, { cause: error })
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError'
}

/** docker-modem puts the status and a label of its own before the engine's words. */
function wordsOf(error: Error, status: number): string {
  const prefix = `(HTTP code ${status}) unexpected - `
  return error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message
}
