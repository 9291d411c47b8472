/** Where the container engine is: the Docker command line's precedence, its contexts, and the usual sockets. */

import { join } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import { defaultSockets, firstUsable, type SocketPlaces } from './default-sockets.ts'
import { readContext, readCurrentContext, readIfThere } from './docker-context.ts'
import { clientCertificate, parseAddress, withoutPassword, type TlsMaterial, type Transport } from './engine-address.ts'

export interface Endpoint {
  /** As the user would write it: `unix:///var/run/docker.sock`. */
  readonly address: string
  /** Who chose it, for messages: `DOCKER_HOST`, `the Docker context 'x'`, `the default`. */
  readonly origin: string
  readonly transport: Transport
}

export interface EndpointQuery extends SocketPlaces {
  /** An address given on the command line; beats everything. */
  readonly host?: string
  /** A Docker context given on the command line. */
  readonly context?: string
  /** Whether this is Windows, where the default is a named pipe. */
  readonly windows?: boolean
}

/**
 * The engine to talk to: `host`, `context`, DOCKER_HOST, DOCKER_CONTEXT, `currentContext` of Docker's config.json, and then
 * the first usable of the sockets that engines are known to make.
 * @throws CnbError CNB_USAGE for an address, context or configuration file that cannot be used
 */
export async function resolveEndpoint(query: EndpointQuery): Promise<Endpoint> {
  const { env } = query
  const configDir = env.DOCKER_CONFIG || join(query.home, '.docker')
  if (query.host) return fromAddress(query.host, 'the command line', query, configDir)
  if (query.context) return fromContext(query.context, 'the command line', query, configDir)
  if (env.DOCKER_HOST) return fromAddress(env.DOCKER_HOST, 'DOCKER_HOST', query, configDir)
  if (env.DOCKER_CONTEXT) return fromContext(env.DOCKER_CONTEXT, 'DOCKER_CONTEXT', query, configDir)
  const current = await readCurrentContext(configDir)
  if (current) return fromContext(current, 'currentContext of config.json', query, configDir)
  return defaultEndpoint(query)
}

async function fromContext(name: string, chosenBy: string, query: EndpointQuery, configDir: string): Promise<Endpoint> {
  const origin = `the Docker context '${name}' (${chosenBy})`
  if (name === 'default') {
    return query.env.DOCKER_HOST ? fromAddress(query.env.DOCKER_HOST, 'DOCKER_HOST', query, configDir) : defaultEndpoint(query)
  }
  const context = await readContext(configDir, name)
  return { address: withoutPassword(context.host), origin, transport: parseAddress(context.host, origin, context.tls) }
}

async function fromAddress(address: string, origin: string, query: EndpointQuery, configDir: string): Promise<Endpoint> {
  const tls = /^(tcp|https?):/.test(address) ? await tlsFromEnvironment(query.env, configDir) : undefined
  return { address: withoutPassword(address), origin, transport: parseAddress(address, origin, tls) }
}

/** DOCKER_TLS_VERIFY (any value) asks for a verified connection, DOCKER_TLS for an unverified one; files from DOCKER_CERT_PATH. */
async function tlsFromEnvironment(env: EndpointQuery['env'], configDir: string): Promise<TlsMaterial | undefined> {
  if (!env.DOCKER_TLS_VERIFY && !env.DOCKER_TLS) return undefined
  const folder = env.DOCKER_CERT_PATH || configDir
  const [ca, cert, key] = await Promise.all(['ca.pem', 'cert.pem', 'key.pem'].map((name) => readIfThere(join(folder, name))))
  if (env.DOCKER_CERT_PATH && !ca && !cert && !key) {
    throw new CnbError('CNB_USAGE', `DOCKER_CERT_PATH is ${folder}, which has none of ca.pem, cert.pem and key.pem that can be read`, {
      hint: 'Point it at the folder with the certificates, or unset it.',
    })
  }
  return { ca, ...clientCertificate(cert, key), verify: Boolean(env.DOCKER_TLS_VERIFY) }
}

async function defaultEndpoint(query: EndpointQuery): Promise<Endpoint> {
  const address = query.windows ? 'npipe:////./pipe/docker_engine' : `unix://${await firstUsable(defaultSockets(query))}`
  return { address, origin: 'the default', transport: parseAddress(address, 'the default', undefined) }
}
