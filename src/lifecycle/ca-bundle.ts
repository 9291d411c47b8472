/**
 * CA bundle of the builder's public CAs and the user's private ones.
 * The variables that point tools to it replace the tools' default, so the private CAs alone would break every public download.
 */

import { buffer } from 'node:stream/consumers'
import { readTar } from '../archive/tar/tar-reader.ts'
import type { TarEntry } from '../archive/tar/tar-writer.ts'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { Container } from '../docker/engine.ts'

/** The path of the bundle in a container. */
export const CA_BUNDLE_PATH = '/platform/ca-certificates.crt'

/** The bundle's path in Debian, Red Hat, SUSE and Alpine; the first regular file is used. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

/** The variables from which curl, OpenSSL, Node, Python, Git, pip and Cargo read the path of another CA bundle. */
const VARIABLES = [
  'SSL_CERT_FILE',
  'CURL_CA_BUNDLE',
  'NODE_EXTRA_CA_CERTS',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
  'GIT_SSL_CAINFO',
  'CARGO_HTTP_CAINFO',
]

const MAX_BUNDLE = 8 * 1024 * 1024

/** Returns the variables for the build's environment. */
export function caEnv(): Map<string, string> {
  return new Map(VARIABLES.map((name) => [name, CA_BUNDLE_PATH]))
}

/** Returns the bundle as a tar entry for `/`. @throws CnbError CNB_BUILDER_INVALID if the builder's bundle exceeds the limit */
export async function caBundleEntry(container: Container, certificates: Buffer, context: Context): Promise<TarEntry> {
  const system = await systemBundle(container, context)
  const content = Buffer.concat([system, Buffer.from('\n'), certificates])
  return {
    type: 'file',
    name: CA_BUNDLE_PATH.slice(1),
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: 0,
    size: content.length,
    content,
  }
}

async function systemBundle(container: Container, context: Context): Promise<Buffer> {
  for (const path of SYSTEM_BUNDLES) {
    const tar = await container.getArchive(path, context)
    if (!tar) continue
    for await (const entry of readTar(tar)) {
      if (entry.type !== 'file') continue
      if (entry.size > MAX_BUNDLE) {
        throw new CnbError('CNB_BUILDER_INVALID', `cannot read the builder's ${path}: it has ${entry.size} bytes, and the limit is ${MAX_BUNDLE}`)
      }
      // Awaited here, because leaving the loop closes the archive.
      return await buffer(entry.content)
    }
  }
  return Buffer.alloc(0)
}
