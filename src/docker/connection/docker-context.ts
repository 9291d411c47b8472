/** Docker's configuration as far as it says where the engine is: `config.json` and the context store beside it. */

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { readBounded } from '../../base/bounded-file.ts'
import { CnbError } from '../../base/errors.ts'
import { clientCertificate, type TlsMaterial } from './engine-address.ts'
import { isTable } from '../../formats/lenient-values.ts'

/** An honest file has a few kilobytes. */
const MAX_FILE = 4 * 1024 * 1024

/** The context that `docker context use` chose, or undefined. @throws CnbError CNB_USAGE when config.json is malformed */
export async function readCurrentContext(configDir: string): Promise<string | undefined> {
  const config = await readJson(join(configDir, 'config.json'))
  const name = isTable(config) ? config.currentContext : undefined
  return typeof name === 'string' && name !== '' ? name : undefined
}

/**
 * The engine's address of a context, with its TLS material: `contexts/meta/<sha256 of the name>/meta.json` and
 * `contexts/tls/<sha256>/docker/{ca,cert,key}.pem` (docker/cli, cli/context/store).
 * @throws CnbError CNB_USAGE when there is no such context, or it names no engine
 */
export async function readContext(configDir: string, name: string): Promise<{ host: string; tls?: TlsMaterial }> {
  const id = createHash('sha256').update(name).digest('hex')
  const meta = await readJson(join(configDir, 'contexts', 'meta', id, 'meta.json'))
  const endpoints = isTable(meta) && isTable(meta.Endpoints) ? meta.Endpoints : {}
  const docker = isTable(endpoints.docker) ? endpoints.docker : {}
  if (typeof docker.Host !== 'string' || docker.Host === '') {
    const why = meta === undefined ? 'there is no such context' : 'it names no engine'
    throw new CnbError('CNB_USAGE', `the Docker context '${name}' cannot be used: ${why} (looked in ${configDir})`, {
      hint: "'docker context ls' lists the contexts; DOCKER_HOST overrides them.",
    })
  }
  const skipVerify = docker.SkipTLSVerify === true
  const read = async (file: string): Promise<Buffer | undefined> =>
    readIfThere(join(configDir, 'contexts', 'tls', id, 'docker', file))
  const [ca, cert, key] = await Promise.all([read('ca.pem'), read('cert.pem'), read('key.pem')])
  const tls = ca || cert || key || skipVerify ? { ca, ...clientCertificate(cert, key), verify: !skipVerify } : undefined
  return { host: docker.Host, tls }
}

/** The parsed file, or undefined where it is missing or not readable. */
async function readJson(path: string): Promise<unknown> {
  const content = await readIfThere(path)
  if (content === undefined) return undefined
  try {
    return JSON.parse(content.toString())
  } catch {
    // The parser's message would quote the file, which may hold credentials.
    throw new CnbError('CNB_USAGE', `${path} is not valid JSON`, { hint: 'Repair the file, or set DOCKER_HOST.' })
  }
}

/** Undefined where the file is missing or unreadable. @throws CnbError CNB_USAGE for a pipe, a directory, or a file that is too large */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readBounded(path, { max: MAX_FILE })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== undefined) return undefined
    throw new CnbError('CNB_USAGE', `cannot read ${path}: ${message}`, { hint: 'Replace it by a file, or set DOCKER_HOST.' })
  }
}
