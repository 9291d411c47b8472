/** Resolves the engine's endpoint, with the precedence of the docker CLI. */

import { join } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import { defaultSockets, firstUsable, type SocketPlaces } from './default-sockets.ts'
import { readContext, readCurrentContext, readIfThere } from './docker-context.ts'
import { clientCertificate, parseAddress, withoutPassword, type TlsMaterial, type Transport } from './engine-address.ts'

export interface Endpoint {
  /** The address as a URL: `unix:///var/run/docker.sock`. */
  readonly address: string
  /** Where the address comes from, for messages: `DOCKER_HOST`, `the Docker context 'x'`, `the default`. */
  readonly origin: string
  readonly transport: Transport
}

export interface EndpointQuery extends SocketPlaces {
  /** An address from the command line; has the highest precedence. */
  readonly host?: string
  /** A Docker context from the command line. */
  readonly context?: string
  /** Whether the host is Windows, where the default is a named pipe. */
  readonly windows?: boolean
}

/**
 * Resolves the engine's endpoint: `host`, `context`, DOCKER_HOST, DOCKER_CONTEXT, `currentContext` of Docker's config.json, then the
 * first accessible default socket.
 * @throws CnbError CNB_USAGE for an invalid address, context or configuration file
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

/** DOCKER_TLS_VERIFY (any value) requires verification, DOCKER_TLS enables TLS without it; certificates come from DOCKER_CERT_PATH. */
async function tlsFromEnvironment(env: EndpointQuery['env'], configDir: string): Promise<TlsMaterial | undefined> {
  if (!env.DOCKER_TLS_VERIFY && !env.DOCKER_TLS) return undefined
  const folder = env.DOCKER_CERT_PATH || configDir
  const [ca, cert, key] = await Promise.all(['ca.pem', 'cert.pem', 'key.pem'].map((name) => readIfThere(join(folder, name))))
  if (env.DOCKER_CERT_PATH && !ca && !cert && !key) {
    throw new CnbError('CNB_USAGE', `cannot read ca.pem, cert.pem or key.pem in DOCKER_CERT_PATH, which is ${folder}`, {
      hint: 'Set it to the directory with the certificates, or unset it.',
    })
  }
  return { ca, ...clientCertificate(cert, key), verify: Boolean(env.DOCKER_TLS_VERIFY) }
}

async function defaultEndpoint(query: EndpointQuery): Promise<Endpoint> {
  const address = query.windows ? 'npipe:////./pipe/docker_engine' : `unix://${await firstUsable(defaultSockets(query))}`
  return { address, origin: 'the default', transport: parseAddress(address, 'the default', undefined) }
}
