/** Reads the engine's address from Docker's `config.json` and context store. */

import { join } from 'node:path'
import { readBounded } from '../../base/bounded-file.ts'
import { CnbError } from '../../base/errors.ts'
import { clientCertificate, type TlsMaterial } from './engine-address.ts'
import { isTable } from '../../formats/lenient-values.ts'

/** Real files have a few kilobytes. */
const MAX_FILE = 4 * 1024 * 1024

/** Returns the context selected by `docker context use`, or undefined. @throws CnbError CNB_USAGE if config.json is malformed */
export async function readCurrentContext(configDir: string): Promise<string | undefined> {
  const config = await readJson(join(configDir, 'config.json'))
  const name = isTable(config) ? config.currentContext : undefined
  return typeof name === 'string' && name !== '' ? name : undefined
}

/**
 * Reads the engine's address and TLS material of a context: `contexts/meta/<sha256 of the name>/meta.json` and
 * `contexts/tls/<sha256>/docker/{ca,cert,key}.pem` (docker/cli, cli/context/store).
 * @throws CnbError CNB_USAGE if the context does not exist, or has no engine address
 */
export async function readContext(configDir: string, name: string): Promise<{ host: string; tls?: TlsMaterial }> {
  const { createHash } = await import('node:crypto')
  const id = createHash('sha256').update(name).digest('hex')
  const meta = await readJson(join(configDir, 'contexts', 'meta', id, 'meta.json'))
  const endpoints = isTable(meta) && isTable(meta.Endpoints) ? meta.Endpoints : {}
  const docker = isTable(endpoints.docker) ? endpoints.docker : {}
  if (typeof docker.Host !== 'string' || docker.Host === '') {
    const why = meta === undefined ? 'it does not exist' : 'it has no engine address'
    throw new CnbError('CNB_USAGE', `cannot use the Docker context '${name}': ${why} (looked in ${configDir})`, {
      hint: "Choose one from 'docker context ls', or set DOCKER_HOST to override contexts.",
    })
  }
  const skipVerify = docker.SkipTLSVerify === true
  const read = async (file: string): Promise<Buffer | undefined> =>
    readIfThere(join(configDir, 'contexts', 'tls', id, 'docker', file))
  const [ca, cert, key] = await Promise.all([read('ca.pem'), read('cert.pem'), read('key.pem')])
  const tls = ca || cert || key || skipVerify ? { ca, ...clientCertificate(cert, key), verify: !skipVerify } : undefined
  return { host: docker.Host, tls }
}

/** Returns the parsed file, or undefined if it is missing or unreadable. */
async function readJson(path: string): Promise<unknown> {
  const content = await readIfThere(path)
  if (content === undefined) return undefined
  try {
    return JSON.parse(content.toString())
  } catch {
    // The parser's message quotes the file, which may contain credentials.
    throw new CnbError('CNB_USAGE', `${path} is not valid JSON`, { hint: 'Repair the file, or set DOCKER_HOST.' })
  }
}

/** Returns undefined if the file is missing or unreadable. @throws CnbError CNB_USAGE for a pipe, a directory, or a file that is too large */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readBounded(path, { max: MAX_FILE })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== undefined) return undefined
    throw new CnbError('CNB_USAGE', `cannot read ${path}: ${message}`, { hint: 'Replace it by a file, or set DOCKER_HOST.' })
  }
}
