/** Converts all failures of an engine to CnbErrors. */

import { abortError, CnbError, type ErrorCode } from '../base/errors.ts'
import type { Endpoint } from './connection/endpoint.ts'
import { SshError } from './connection/ssh-error.ts'
import { tlsProblem } from './connection/tls-problem.ts'

const MAX_WORDS = 2000
const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTSOCK'])
const LOST = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'])

/** The engine rejected a request. `status` is HTTP's; 0 for an error in the body of a successful reply. */
export class EngineRefusal extends CnbError {
  readonly status: number
  /** The engine's error message, trimmed. */
  readonly words: string

  constructor(code: ErrorCode, task: string, status: number, words: string, hint?: string) {
    super(code, `${task}: ${words}`, { hint })
    this.status = status
    this.words = words
  }
}

/** Returns the HTTP status of the engine's refusal, or undefined for any other error. */
export function engineStatus(thrown: unknown): number | undefined {
  return thrown instanceof EngineRefusal ? thrown.status : undefined
}

/** Whether the engine is unreachable, which makes all further requests fail too. */
export function isEngineGone(thrown: unknown): boolean {
  return thrown instanceof CnbError && (thrown.code === 'CNB_ENGINE_LOST' || thrown.code === 'CNB_ENGINE_UNREACHABLE')
}

/** Creates the error for a refusal. `task` is the attempted operation, such as `cannot create a container`. */
export function engineRefusal(task: string, status: number, words: string): EngineRefusal {
  const said = words.trim().slice(0, MAX_WORDS) || `the engine replied with status ${status} and no message`
  // No status distinguishes a full disk from other failures; only the operating system's message does.
  if (/no space left on device/i.test(said)) {
    return new EngineRefusal('CNB_ENGINE_DISK_FULL', task, status, said,
      "Free space with 'docker system prune'; see the usage with 'docker system df'.")
  }
  return new EngineRefusal('CNB_ENGINE_FAILED', task, status, said)
}

/**
 * Converts any error of a call to the engine to a CnbError: CNB_INTERRUPTED or the signal's reason after an abort,
 * CNB_ENGINE_UNREACHABLE, _DENIED, _LOST, _DISK_FULL, or _FAILED with the engine's message.
 */
export function engineError(thrown: unknown, task: string, endpoint: Endpoint, signal?: AbortSignal): CnbError {
  if (signal?.aborted) return isTimeout(signal.reason) ? new CnbError('CNB_ENGINE_FAILED', `${task}: the engine does not respond`) : abortError(signal)
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
    return new CnbError('CNB_ENGINE_DENIED', `permission denied for the container engine at ${where}: ${said}`, {
      cause: error,
      hint: "Join the group that owns the socket ('sudo usermod -aG docker $USER', then log in again), or use a rootless engine.",
    })
  }
  const ssh = error instanceof SshError ? error : undefined
  if (UNREACHABLE.has(code) || ssh?.established === false) {
    return new CnbError('CNB_ENGINE_UNREACHABLE', `cannot connect to a container engine at ${where}: ${said}`, {
      cause: error,
      hint: ssh?.hint ?? "Start Docker, or select another engine: set DOCKER_HOST, or run 'docker context use'.",
    })
  }
  if (ssh || LOST.has(code) || code.startsWith('ERR_HTTP2_') || error.message === 'socket hang up' || error.message === 'aborted') {
    return new CnbError('CNB_ENGINE_LOST', `${task}: lost the connection to the container engine at ${where}: ${said}`, {
      cause: error,
      hint: 'Check that the engine is running, and try again: the next run removes leftovers of this one.',
    })
  }
  return new CnbError('CNB_ENGINE_FAILED', `${task}: ${said}`, { cause: error })
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError'
}

/** docker-modem prepends the status and a label to the engine's message. */
function wordsOf(error: Error, status: number): string {
  const prefix = `(HTTP code ${status}) unexpected - `
  return error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message
}
