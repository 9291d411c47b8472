/** Converts failures of downloads to CnbErrors, without queries of URLs or credentials. */

import { abortError, CnbError } from '../../base/errors.ts'
import { isUnreachable, isUntrustedCertificate, reasonOf } from '../registry-errors.ts'
import { ProxyError } from '../transport/proxy-error.ts'
import { isTransientStatus } from '../transport/retries.ts'

/** The source cannot be reached now: a copy may replace it. */
export class SourceUnavailable extends CnbError {
  constructor(message: string, hint: string, cause?: unknown) {
    super('CNB_DOWNLOAD_FAILED', message, { hint, cause })
  }
}

/** Creates the error for a reply without the file. `task` is the attempted operation: `cannot download x`. */
export function statusError(task: string, status: number): CnbError {
  if (isTransientStatus(status)) return new SourceUnavailable(`${task}: the server replied with status ${status}`, 'Try again later.')
  const [why, hint] = WORDS.get(status) ?? [`the server replied with status ${status}`, 'Check the address.']
  return new CnbError('CNB_DOWNLOAD_FAILED', `${task}: ${why}`, { hint })
}

const DENIED = ['the server denies access', 'Write user and password into the address (https://user:password@host/path), or download the file yourself.'] as const
const MISSING = ['the server does not have the file', 'Check the address.'] as const
const WORDS: ReadonlyMap<number, readonly [string, string]> = new Map<number, readonly [string, string]>([[401, DENIED], [403, DENIED], [404, MISSING], [410, MISSING]])

/** Converts any error of a download: CNB_INTERRUPTED or the signal's reason after an abort, otherwise CNB_DOWNLOAD_FAILED or CNB_OUTPUT. */
export function downloadError(thrown: unknown, task: string, signal: AbortSignal | undefined): CnbError {
  if (signal?.aborted) return abortError(signal)
  if (thrown instanceof CnbError) return thrown
  const cause = thrown instanceof Error ? thrown : new Error(String(thrown))
  const message = `${task}: ${reasonOf(cause)}`
  if (isUntrustedCertificate(cause)) {
    return new CnbError('CNB_DOWNLOAD_FAILED', message, { cause, hint: 'Pass the CA certificate of the server with --ca-cert.' })
  }
  if (isUnreachable(cause)) {
    const hint = cause instanceof ProxyError ? cause.hint : 'Check the address, the network and the proxy (HTTPS_PROXY, NO_PROXY).'
    return new SourceUnavailable(message, hint, cause)
  }
  return new CnbError('CNB_DOWNLOAD_FAILED', message, { cause })
}
