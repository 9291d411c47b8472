/** Credentials for blobs, from Secrets with the annotation `kpack.io/blob` (kpack's `pkg/blob`). */

import { CnbError } from '../../base/errors.ts'
import type { Secret } from '../../resources/kinds/core.ts'
import { secretText } from './secret-text.ts'

/** Returns the header `Authorization` for an address. @throws CnbError CNB_USAGE if no Secret matches, or it has no or several credentials */
export type BlobCredentials = (url: URL) => string

const ANNOTATION = 'kpack.io/blob'

/** Returns the credentials of the Secrets. The first with the address's host, without port, is used. */
export function blobCredentials(secrets: readonly Secret[]): BlobCredentials {
  const annotated = secrets.filter(({ metadata }) => metadata.annotations?.[ANNOTATION])
  return ({ hostname }) => {
    const secret = annotated.find(({ metadata }) => metadata.annotations?.[ANNOTATION] === hostname)
    if (!secret) {
      throw new CnbError('CNB_USAGE', `no secrets matched for '${hostname}'`, {
        hint: `Add a Secret with the annotation ${ANNOTATION}: ${hostname} to the service account.`,
      })
    }
    return authorization(secret)
  }
}

function authorization(secret: Secret): string {
  const text = (key: string): string => secretText(secret, key) ?? ''
  const [username, password, bearer, header] = ['username', 'password', 'bearer', 'authorization'].map(text)
  const found = [
    ...(username || password ? [`Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`] : []),
    ...(bearer ? [`Bearer ${bearer}`] : []),
    ...(header ? [header] : []),
  ]
  const [first, ...more] = found
  const hint = 'Set one of username and password, bearer, and authorization.'
  const { name } = secret.metadata
  if (first === undefined) throw new CnbError('CNB_USAGE', `no auths found for '${name}'`, { hint })
  if (more.length > 0) throw new CnbError('CNB_USAGE', `multiple auths found for '${name}', only one of username/password, bearer, authorization is allowed`, { hint })
  // The client of HTTP would quote the whole header in its error.
  if (/[^\t\x20-\x7e\x80-\xff]/.test(first)) throw new CnbError('CNB_USAGE', `cannot use the Secret '${name}': its value contains a line break or another control character`, { hint: 'Encode the value without a line break at its end (printf, not echo).' })
  return first
}
