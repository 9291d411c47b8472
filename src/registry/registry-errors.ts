/** Converts all failures of a registry to CnbErrors, without queries of URLs, tokens or headers. */

import { abortError, CnbError, type ErrorCode } from '../base/errors.ts'
import { readBody, type HttpReply } from './transport/http.ts'
import { ProxyError } from './transport/proxy-error.ts'
import { UntrustedReply } from './transport/untrusted-address.ts'

const MAX_ERROR_BODY = 64 * 1024
const MAX_WORDS = 1000
const MAX_ERRORS = 5
/** Errors of a connection that another attempt may avoid. */
const TRANSIENT = new Set([
  'ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH',
  'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT',
])
/** Errors of a host or network that has no service, or does not answer: they rarely end within seconds. */
const REFUSED = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT'])
const UNREACHABLE = new Set([...TRANSIENT, 'ENOTFOUND'])
/** OpenSSL's and Node's codes for untrusted certificates, and for connections without TLS. */
const CERTIFICATE = /^(CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|ERR_TLS_CERT|INVALID_CA|HOSTNAME_MISMATCH)/
const TLS = /^(ERR_TLS|ERR_SSL|EPROTO)/

/** The registry rejected a request. */
export class RegistryRefusal extends CnbError {
  /** The HTTP status. */
  readonly status: number
  /** The registry's error codes, such as `MANIFEST_INVALID` (distribution-spec, "Error Codes"). */
  readonly reasons: readonly string[]

  constructor(code: ErrorCode, message: string, status: number, reasons: readonly string[], hint?: string) {
    super(code, message, { hint })
    this.status = status
    this.reasons = reasons
  }
}

/** Returns the HTTP status of a registry's refusal; undefined for any other error. */
export function registryStatus(thrown: unknown): number | undefined {
  return thrown instanceof RegistryRefusal ? thrown.status : undefined
}

/** Creates the error for a refusal, with the registry's message. `task` is the attempted operation: `cannot read x`. */
export async function registryRefusal(task: string, host: string, reply: HttpReply): Promise<RegistryRefusal> {
  const body = await readBody(reply, MAX_ERROR_BODY).catch(() => undefined)
  const { words, reasons } = wordsOf(body?.toString() ?? '')
  const said = words || `the registry replied with status ${reply.status} and no message`
  if (reply.status === 401 || reply.status === 403) {
    return new RegistryRefusal('CNB_REGISTRY_DENIED', `${task}: ${said}`, reply.status, reasons, loginHint(host))
  }
  return new RegistryRefusal('CNB_REGISTRY_FAILED', `${task}: ${said}`, reply.status, reasons, HINTS.get(reply.status))
}

/** By status: advice that registries' messages lack. */
const HINTS: ReadonlyMap<number, string> = new Map([
  [405, 'Use another registry: a mirror or a read-only registry rejects this.'],
  [429, 'Log in, or try again later: the registry limits the rate of requests.'],
])

/** Returns the hint for a registry that requires authentication. */
function loginHint(host: string): string {
  return `Log in with an account that has access: 'docker login${host === 'docker.io' ? '' : ` ${host}`}'.`
}

function wordsOf(text: string): { words: string; reasons: string[] } {
  try {
    const { errors, ...rest } = JSON.parse(text) as { errors?: unknown; details?: unknown; message?: unknown }
    const list = (Array.isArray(errors) ? errors : [rest]).slice(0, MAX_ERRORS) as { code?: unknown; message?: unknown }[]
    const reasons = list.flatMap((error) => (typeof error?.code === 'string' ? [singleLine(error.code)] : []))
    const words = list.flatMap((error) => [error?.message, error?.code].find((word): word is string => typeof word === 'string') || [])
    return { words: singleLine(words.join('; ')), reasons }
  } catch {
    // An HTML page adds nothing to the status.
    return { words: text.trimStart().startsWith('<') ? '' : singleLine(text), reasons: [] }
  }
}

/** Returns external text without characters that could move a terminal's cursor. */
export function singleLine(text: string): string {
  return text.replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim().slice(0, MAX_WORDS)
}

/**
 * Converts any error of a call to `host` to a CnbError: CNB_INTERRUPTED or the signal's reason after an abort,
 * CNB_REGISTRY_UNREACHABLE, or CNB_REGISTRY_FAILED.
 */
export function registryError(thrown: unknown, task: string, host: string, signal?: AbortSignal): CnbError {
  if (signal?.aborted) return abortError(signal)
  if (thrown instanceof CnbError) return thrown
  const cause = thrown instanceof Error ? thrown : new Error(String(thrown))
  if (cause instanceof UntrustedReply) return new CnbError('CNB_REGISTRY_FAILED', `${task}: ${cause.message}`)
  if (cause instanceof ProxyError) {
    return new CnbError('CNB_REGISTRY_UNREACHABLE', `${task}: ${singleLine(cause.message)}`, { cause, hint: cause.hint })
  }
  const said = reasonOf(cause)
  const message = `${task}: cannot reach the registry ${host}: ${said}`
  if (isUntrustedCertificate(cause) || TLS.test(codeOf(cause))) {
    return new CnbError('CNB_REGISTRY_UNREACHABLE', message, {
      cause,
      hint: `Pass its CA certificate with --ca-cert; to skip verification or use plain HTTP: --insecure-registry ${host}.`,
    })
  }
  if (isUnreachable(cause)) {
    return new CnbError('CNB_REGISTRY_UNREACHABLE', message, {
      cause,
      hint: "Check the registry's name, the network and the proxy (HTTPS_PROXY, NO_PROXY).",
    })
  }
  return new CnbError('CNB_REGISTRY_FAILED', `${task}: ${said}`, { cause })
}

/** Returns the cause of a failed connection, cleaned. */
export function reasonOf(error: Error): string {
  return singleLine(messageOf(error)) || codeOf(error)
}

/** Whether the host cannot be reached. */
export function isUnreachable(thrown: unknown): boolean {
  return thrown instanceof ProxyError || UNREACHABLE.has(codeOf(thrown))
}

/** Whether the same request may succeed over another connection. */
export function isTransient(thrown: unknown): boolean {
  return TRANSIENT.has(codeOf(thrown))
}

/** Whether nothing accepts connections, or replies. */
export function isRefused(thrown: unknown): boolean {
  return REFUSED.has(codeOf(thrown))
}

/** Whether the server uses TLS, but with an untrusted certificate. */
export function isUntrustedCertificate(thrown: unknown): boolean {
  return CERTIFICATE.test(codeOf(thrown))
}

function codeOf(thrown: unknown): string {
  const code = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : ''
}

/** A name with several addresses fails with an error for each, and no message. */
function messageOf(error: Error): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined
  return error.message || (first instanceof Error ? first.message : '')
}
