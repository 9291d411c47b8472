/** The one place where what goes wrong with a registry becomes a CnbError. None has an address's query, a token or a header in it. */

import { abortError, CnbError, type ErrorCode } from '../base/errors.ts'
import { readBody, type HttpReply } from './transport/http.ts'
import { ProxyError } from './transport/proxy-error.ts'
import { UntrustedReply } from './transport/target.ts'

const MAX_ERROR_BODY = 64 * 1024
const MAX_WORDS = 1000
const MAX_ERRORS = 5
/** What a connection throws when the next may do better. */
const TRANSIENT = new Set([
  'ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH',
  'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT',
])
const UNREACHABLE = new Set([...TRANSIENT, 'ENOTFOUND'])
/** OpenSSL's and Node's names for certificates that are not trusted, and for what is no TLS at all. */
const CERTIFICATE = /^(CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|ERR_TLS_CERT|INVALID_CA|HOSTNAME_MISMATCH)/
const TLS = /^(ERR_TLS|ERR_SSL|EPROTO)/

/** The registry answered, but with a refusal. */
export class RegistryRefusal extends CnbError {
  /** HTTP's. */
  readonly status: number
  /** The registry's own codes, such as `MANIFEST_INVALID` (distribution-spec, "Error Codes"). */
  readonly reasons: readonly string[]

  constructor(code: ErrorCode, message: string, status: number, reasons: readonly string[], hint?: string) {
    super(code, message, { hint })
    this.status = status
    this.reasons = reasons
  }
}

/** The HTTP status that a registry refused with; undefined for any other error. */
export function refusalStatus(thrown: unknown): number | undefined {
  return thrown instanceof RegistryRefusal ? thrown.status : undefined
}

/** The error for a reply that is a refusal, with the registry's words. `task` is what was attempted: `cannot read x`. */
export async function registryRefusal(task: string, host: string, reply: HttpReply): Promise<RegistryRefusal> {
  const body = await readBody(reply, MAX_ERROR_BODY).catch(() => undefined)
  const { words, reasons } = wordsOf(body?.toString() ?? '')
  const said = words || `the registry answered with status ${reply.status} and no reason`
  if (reply.status === 401 || reply.status === 403) {
    return new RegistryRefusal('CNB_REGISTRY_DENIED', `${task}: ${said}`, reply.status, reasons, loginHint(host))
  }
  return new RegistryRefusal('CNB_REGISTRY_FAILED', `${task}: ${said}`, reply.status, reasons, HINTS.get(reply.status))
}

/** By status: what the registry's own words do not say. */
const HINTS: ReadonlyMap<number, string> = new Map([
  [405, 'The registry lets nobody do this: it may be read-only, or a mirror.'],
  [429, 'The registry limits how much one may ask: log in, or try again later.'],
])

/** What to do where the registry at `host` wants to know who asks. */
function loginHint(host: string): string {
  return `Log in with an account that may do this: 'docker login${host === 'docker.io' ? '' : ` ${host}`}'.`
}

function wordsOf(text: string): { words: string; reasons: string[] } {
  try {
    const { errors, ...rest } = JSON.parse(text) as { errors?: unknown; details?: unknown; message?: unknown }
    const list = (Array.isArray(errors) ? errors : [rest]).slice(0, MAX_ERRORS) as { code?: unknown; message?: unknown }[]
    const reasons = list.flatMap((error) => (typeof error?.code === 'string' ? [clean(error.code)] : []))
    const words = list.flatMap((error) => [error?.message, error?.code].find((word): word is string => typeof word === 'string') || [])
    return { words: clean(words.join('; ')), reasons }
  } catch {
    // A page for browsers says nothing that the status does not.
    return { words: text.trimStart().startsWith('<') ? '' : clean(text), reasons: [] }
  }
}

/** Text from outside, without what could move a terminal's cursor. */
export function clean(text: string): string {
  return text.replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim().slice(0, MAX_WORDS)
}

/**
 * Any thrown value of a call to `host` as a CnbError: CNB_INTERRUPTED or the signal's reason after an abort, CNB_REGISTRY_UNREACHABLE,
 * or CNB_REGISTRY_FAILED.
 */
export function registryError(thrown: unknown, task: string, host: string, signal?: AbortSignal): CnbError {
  if (signal?.aborted) return abortError(signal)
  if (thrown instanceof CnbError) return thrown
  const cause = thrown instanceof Error ? thrown : new Error(String(thrown))
  if (cause instanceof UntrustedReply) return new CnbError('CNB_REGISTRY_FAILED', `${task}: ${cause.message}`)
  if (cause instanceof ProxyError) {
    return new CnbError('CNB_REGISTRY_UNREACHABLE', `${task}: ${clean(cause.message)}`, { cause, hint: cause.hint })
  }
  const said = clean(messageOf(cause)) || codeOf(cause)
  const message = `${task}: the registry ${host} cannot be reached: ${said}`
  if (isUntrustedCertificate(cause) || TLS.test(codeOf(cause))) {
    return new CnbError('CNB_REGISTRY_UNREACHABLE', message, {
      cause,
      hint: `Give its CA's certificate with --ca-cert; without checks, or over plain HTTP: --insecure-registry ${host}.`,
    })
  }
  if (UNREACHABLE.has(codeOf(cause))) {
    return new CnbError('CNB_REGISTRY_UNREACHABLE', message, {
      cause,
      hint: "Check the registry's name, the network and the proxy (HTTPS_PROXY, NO_PROXY).",
    })
  }
  return new CnbError('CNB_REGISTRY_FAILED', `${task}: ${said}`, { cause })
}

/** Whether the same request over another connection may succeed. */
export function isTransient(thrown: unknown): boolean {
  return TRANSIENT.has(codeOf(thrown))
}

/** Whether the other side speaks TLS, but is not who it should be. */
export function isUntrustedCertificate(thrown: unknown): boolean {
  return CERTIFICATE.test(codeOf(thrown))
}

function codeOf(thrown: unknown): string {
  const code = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : ''
}

/** A name with several addresses fails with one error for each, and no words of its own. */
function messageOf(error: Error): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined
  return error.message || (first instanceof Error ? first.message : '')
}
