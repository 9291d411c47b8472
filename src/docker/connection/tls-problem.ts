/** What is wrong between a client and an engine of which one speaks TLS, or that do not trust each other. */

import { CnbError } from '../../base/errors.ts'
import type { Endpoint } from './endpoint.ts'

const TLS = /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED)|^EPROTO$/
/** What OpenSSL says of a reply that is not TLS. */
const NO_TLS = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|wrong version number|packet length too long/
/** What Go's server says to a request that is not TLS, in a reply of status 400. */
const WANTS_TLS = /HTTP request to an HTTPS server/

const SET_TLS = 'If this port speaks TLS, set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the directory of ca.pem, cert.pem and key.pem.'
const CHECK_FILES = 'Check ca.pem, cert.pem and key.pem in $DOCKER_CERT_PATH or in the Docker context: they must be made for this engine.'
const LEAVE_TLS = 'Name the port that speaks TLS, most often 2376; or unset DOCKER_TLS_VERIFY and DOCKER_TLS.'

/** The error for `thrown` where TLS is the cause, as CNB_ENGINE_UNREACHABLE; undefined for any other failure. */
export function tlsProblem(thrown: Error, endpoint: Endpoint): CnbError | undefined {
  const { code = '' } = thrown as NodeJS.ErrnoException
  const fail = (what: string, hint: string): CnbError =>
    new CnbError('CNB_ENGINE_UNREACHABLE', `${what} at ${endpoint.address} (from ${endpoint.origin}): ${thrown.message.trim()}`, { cause: thrown, hint })
  // The first bytes of TLS are no HTTP.
  if (isPlain(endpoint) && (WANTS_TLS.test(thrown.message) || code === 'HPE_INVALID_CONSTANT')) {
    return fail('the container engine does not answer without TLS', SET_TLS)
  }
  if (!TLS.test(code)) return undefined
  if (NO_TLS.test(`${code} ${thrown.message}`)) return fail('the container engine does not speak TLS', LEAVE_TLS)
  return fail('cannot make a trusted connection to the container engine', CHECK_FILES)
}

/** The hint for an engine that closes the connection at once: some servers say nothing to a client that has no TLS, or no certificate. */
export function closedAtOnceHint(endpoint: Endpoint): string | undefined {
  if (endpoint.transport.kind !== 'tcp') return undefined
  return isPlain(endpoint) ? SET_TLS : CHECK_FILES
}

function isPlain({ transport }: Endpoint): boolean {
  return transport.kind === 'tcp' && transport.tls === undefined
}
