/** Creates a private certificate authority for a test, and a server certificate for this machine. */

import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'

const execute = promisify(execFile)

/** A server certificate for `localhost`, `127.0.0.1`, `::1` and HOST_BEHIND_PROXY, in PEM format. */
export interface Certificate extends AsyncDisposable {
  readonly cert: string
  readonly key: string
  readonly certPath: string
  readonly keyPath: string
  /** The authority's certificate, which is not trusted by default. */
  readonly ca: string
  readonly caPath: string
}

/** A host that only a proxy can resolve. */
export const HOST_BEHIND_PROXY = 'registry.invalid'

const HOSTS = `subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1,DNS:${HOST_BEHIND_PROXY}`
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** Creates a certificate with the openssl command, because Node.js cannot. Each call creates a separate authority. */
export async function makeCertificate(): Promise<Certificate> {
  const directory = await makeTemporaryDirectory('cnb-certificate-')
  const pathOf = (name: string): string => join(directory.path, name)
  const [caPath, caKey, certPath, keyPath] = [pathOf('ca.pem'), pathOf('ca.key'), pathOf('cert.pem'), pathOf('key.pem')]
  const [request, extensions] = [pathOf('request'), pathOf('extensions')]
  const openssl = (...words: string[]): Promise<unknown> => execute('openssl', words)
  try {
    await openssl('req', '-x509', ...NEW_KEY, '-keyout', caKey, '-out', caPath, '-subj', '/CN=cnb test authority', '-days', '2')
    await openssl('req', '-new', ...NEW_KEY, '-keyout', keyPath, '-out', request, '-subj', '/CN=localhost')
    await writeFile(extensions, HOSTS)
    const signing = ['-CA', caPath, '-CAkey', caKey, '-CAcreateserial', '-extfile', extensions]
    await openssl('x509', '-req', '-in', request, ...signing, '-out', certPath, '-days', '2')
    const [cert, key, ca] = [await readFile(certPath, 'utf8'), await readFile(keyPath, 'utf8'), await readFile(caPath, 'utf8')]
    return { cert, key, ca, certPath, keyPath, caPath, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() }
  } catch (error) {
    await directory[Symbol.asyncDispose]()
    throw error
  }
}
