/** The certificates that this machine trusts in addition to Node's. */

import { X509Certificate } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { readBounded } from '../../base/bounded-file.ts'
import { CnbError } from '../../base/errors.ts'

type CertificateEnvironment = Readonly<Record<string, string | undefined>>

/** Certificate bundles of Debian, Red Hat, SUSE and Alpine; the first existing file is used. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]
/** Where Docker and Podman look for a registry's CA, in a directory named `host` or `host:port`. */
const REGISTRY_FOLDERS = ['/etc/docker/certs.d', '/etc/containers/certs.d']
/** The bundle of a whole operating system is a quarter of a MiB. */
const MAX_FILE = 16 * 1024 * 1024
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** Returns the PEM certificates in a text. */
export function certificatesIn(text: string): readonly string[] {
  return text.match(CERTIFICATE) ?? []
}

/**
 * Checks that each file has PEM certificates: Node ignores those that it cannot read.
 * @throws CnbError CNB_USAGE
 */
export function checkCertificates(given: readonly Buffer[]): void {
  for (const file of given) {
    try {
      const found = certificatesIn(file.toString())
      if (found.length === 0) throw new Error('it has no certificate')
      for (const certificate of found) new X509Certificate(certificate)
    } catch (cause) {
      throw new CnbError('CNB_USAGE', `cannot read a CA certificate: ${(cause as Error).message}`, {
        cause,
        hint: "Pass a PEM file with certificates to --ca-cert: '-----BEGIN CERTIFICATE-----' and so on.",
      })
    }
  }
}

/**
 * Returns PEM certificates that Node does not trust by default: `given`, those of SSL_CERT_FILE and SSL_CERT_DIR, and the system's.
 * @throws CnbError CNB_USAGE for an invalid or too large file, or the signal's reason
 */
export async function extraCertificates(given: readonly Buffer[], env: CertificateEnvironment, signal?: AbortSignal): Promise<string[]> {
  const named = await Promise.all([
    env.SSL_CERT_FILE ? readText(env.SSL_CERT_FILE, { pipes: true, signal }) : '',
    ...(env.SSL_CERT_DIR ?? '').split(':').filter(Boolean).map((folder) => readFolder(folder, /./)),
  ])
  const all = [...given.map(String), ...named, await firstOf(SYSTEM_BUNDLES)].flatMap(certificatesIn)
  const known = new Set(rootCertificates.map(compact))
  return all.filter((certificate) => {
    const key = compact(certificate)
    return !known.has(key) && known.add(key)
  })
}

/** Returns the certificates that Docker trusts only for the registry at `host`. */
export async function registryCertificates(host: string, folders: readonly string[] = REGISTRY_FOLDERS): Promise<string[]> {
  const texts = await Promise.all(folders.map((folder) => readFolder(join(folder, host), /\.crt$/)))
  return texts.flatMap(certificatesIn)
}

function compact(certificate: string): string {
  return certificate.replace(/\s+/g, '')
}

async function firstOf(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    const text = await readText(path)
    if (text !== '') return text
  }
  return ''
}

async function readFolder(folder: string, names: RegExp): Promise<string> {
  const found = (await readdir(folder).catch(() => [])).filter((name) => names.test(name)).sort()
  return (await Promise.all(found.map((name) => readRegular(join(folder, name))))).join('\n')
}

async function readRegular(path: string): Promise<string> {
  const isFile = await stat(path).then((stats) => stats.isFile(), () => false)
  return isFile ? readText(path) : ''
}

/** Returns undefined if the system has no such file. */
async function readText(path: string, options: { pipes?: boolean; signal?: AbortSignal } = {}): Promise<string> {
  try {
    return (await readBounded(path, { max: MAX_FILE, ...options })).toString()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (error instanceof CnbError) throw error
    if (code !== undefined) return ''
    throw new CnbError('CNB_USAGE', `cannot read the certificates in ${path}: ${message}`, { hint: 'Use a PEM file.' })
  }
}
