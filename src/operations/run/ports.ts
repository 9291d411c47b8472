/** The ports of an app. */

import { CnbError } from '../../base/errors.ts'
import type { PublishedPort } from '../../docker/engine.ts'
import type { ContainerConfig } from '../../oci/config.ts'

const LOOPBACK = '127.0.0.1'
const DEFAULT_PORT = 8080
/** Ports below it need rights that a rootless engine does not have. */
const FIRST_FREE_PORT = 1024
const MAX_PORT = 65_535

/** `[address:][port:]container[/protocol]`; an IPv6 address is in brackets. */
const MAPPING = /^(?:(?:\[([0-9a-fA-F:]+)\]|(\d+(?:\.\d+){3})):)?(?:(\d+):)?(\d+)(?:\/(tcp|udp))?$/

/**
 * Parses a `--port` value, `[address:][port:]container[/udp]`: at the loopback address and the container's own number by default.
 * @throws CnbError CNB_USAGE
 */
export function parsePort(text: string): PublishedPort {
  const [, ipv6, ipv4, port, container = '', protocol = 'tcp'] = MAPPING.exec(text) ?? []
  const inside = portNumber(container)
  const outside = port === undefined ? inside : portNumber(port)
  if (inside === undefined || outside === undefined) {
    throw new CnbError('CNB_USAGE', `invalid --port '${text}': expected [address:][port:]container-port`, { hint: "Use a port such as '8080', '8080:80' or '0.0.0.0:8080:80'." })
  }
  return { container: inside, protocol: protocol as 'tcp' | 'udp', address: ipv6 ?? ipv4 ?? LOOPBACK, port: outside }
}

/** The ports of a container, and the value of the app's variable PORT. */
export interface AppPorts {
  readonly published: readonly PublishedPort[]
  /** The port at which the app should listen. */
  readonly app: number
}

/**
 * Chooses the ports. Without `--port`, the app's port is the one of its variable PORT, or the image's first exposed one, or 8080.
 * @param network only containers in a separate network publish ports
 * @throws CnbError CNB_USAGE for `--port` with another network
 */
export function choosePorts(given: readonly PublishedPort[], env: ReadonlyMap<string, string>, config: ContainerConfig, network: string | undefined): AppPorts {
  const own = portNumber(env.get('PORT') ?? '') ?? portNumber(config.Env?.find((entry) => entry.startsWith('PORT='))?.slice('PORT='.length) ?? '')
  const app = given.find(({ protocol }) => protocol === 'tcp')?.container ?? own ?? exposedPort(config) ?? DEFAULT_PORT
  const shares = network === 'host' || network === 'none' || network?.startsWith('container:')
  if (shares && given.length > 0) throw new CnbError('CNB_USAGE', `--port cannot be used with --network ${network}: containers in it publish no ports`, { hint: "Leave out '--port'." })
  if (shares) return { published: [], app }
  const port = app < FIRST_FREE_PORT ? DEFAULT_PORT : app
  return { published: given.length > 0 ? given : [{ container: app, protocol: 'tcp', address: LOOPBACK, port }], app }
}

function exposedPort({ ExposedPorts }: ContainerConfig): number | undefined {
  const ports = Object.keys(ExposedPorts ?? {}).flatMap((key) => portNumber(/^(\d{1,5})(?:\/tcp)?$/.exec(key)?.[1] ?? '') ?? [])
  return ports.length > 0 ? Math.min(...ports.slice(0, MAX_PORT)) : undefined
}

function portNumber(text: string): number | undefined {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return number >= 1 && number <= MAX_PORT ? number : undefined
}

/** Says where a published port answers, as seen from this machine. @param engine the engine's address */
export function addressOf({ address, port }: Pick<PublishedPort, 'address' | 'port'>, engine: string): { readonly url: string; readonly note?: string } {
  const remote = remoteMachine(engine)
  const everywhere = address === '0.0.0.0' || address === '::'
  const loopback = everywhere || address.startsWith('127.') || address === '::1'
  if (!remote) return { url: `http://${loopback ? 'localhost' : bracketed(address)}:${port}` }
  if (everywhere) return { url: `http://${remote.host}:${port}` }
  if (!loopback) return { url: `http://${bracketed(address)}:${port}` }
  const tunnel = remote.login === undefined ? `use --port 0.0.0.0:${port} to reach it from here` : `to reach it from here: ssh -L ${port}:localhost:${port} ${remote.login}`
  return { url: `http://localhost:${port}`, note: `on ${remote.host}, the engine's machine; ${tunnel}` }
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}

/** The machine of an engine at another address than this machine's; with `login` for ssh. */
function remoteMachine(engine: string): { readonly host: string; readonly login?: string } | undefined {
  const { protocol, hostname, host, port, username } = new URL(engine)
  if (protocol === 'unix:' || protocol === 'npipe:' || hostname === 'localhost' || hostname.startsWith('127.') || hostname === '[::1]') return undefined
  if (protocol !== 'ssh:') return { host: hostname }
  const login = `${username === '' ? '' : `${decodeURIComponent(username)}@`}${hostname}`
  return { host: hostname, login: port === '' || host === hostname ? login : `-p ${port} ${login}` }
}
