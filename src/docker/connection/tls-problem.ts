/** Detects TLS mismatches and untrusted certificates between client and engine. */

import { CnbError } from '../../base/errors.ts'
import type { Endpoint } from './endpoint.ts'

const TLS = /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED)|^EPROTO$/
/** OpenSSL's errors for a reply that is not TLS. */
const NO_TLS = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|wrong version number|packet length too long/
/** The reply of Go's server, with status 400, to a request without TLS. */
const WANTS_TLS = /HTTP request to an HTTPS server/

const SET_TLS = 'If this port uses TLS, set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the directory of ca.pem, cert.pem and key.pem.'
const CHECK_FILES = 'Check that ca.pem, cert.pem and key.pem in $DOCKER_CERT_PATH or in the Docker context belong to this engine.'
const LEAVE_TLS = 'Use the TLS port, usually 2376; or unset DOCKER_TLS_VERIFY and DOCKER_TLS.'

/** Returns CNB_ENGINE_UNREACHABLE if TLS is the cause of `thrown`; undefined for any other failure. */
export function tlsProblem(thrown: Error, endpoint: Endpoint): CnbError | undefined {
  const { code = '' } = thrown as NodeJS.ErrnoException
  const fail = (what: string, hint: string): CnbError =>
    new CnbError('CNB_ENGINE_UNREACHABLE', `${what} at ${endpoint.address} (from ${endpoint.origin}): ${thrown.message.trim()}`, { cause: thrown, hint })
  // The first bytes of TLS are not valid HTTP.
  if (isPlain(endpoint) && (WANTS_TLS.test(thrown.message) || code === 'HPE_INVALID_CONSTANT')) {
    return fail('the container engine requires TLS', SET_TLS)
  }
  if (!TLS.test(code)) return undefined
  if (NO_TLS.test(`${code} ${thrown.message}`)) return fail('the container engine does not use TLS', LEAVE_TLS)
  return fail('cannot establish a trusted connection to the container engine', CHECK_FILES)
}

/** Returns the hint for an engine that closes the connection: some servers do so without TLS or a client certificate. */
export function closedAtOnceHint(endpoint: Endpoint): string | undefined {
  if (endpoint.transport.kind !== 'tcp') return undefined
  return isPlain(endpoint) ? SET_TLS : CHECK_FILES
}

function isPlain({ transport }: Endpoint): boolean {
  return transport.kind === 'tcp' && transport.tls === undefined
}
