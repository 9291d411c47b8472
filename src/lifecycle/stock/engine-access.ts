/** Access from a phase's container to its engine. */

import { isIPv6 } from 'node:net'
import { CnbError } from '../../base/errors.ts'
import { parseAddress, withoutPassword, type Transport } from '../../docker/connection/engine-address.ts'
import type { Engine, EngineInfo, Mount } from '../../docker/engine.ts'

/**
 * The socket's path in the container. Engine 28 refuses a mount at the usual `/var/run/docker.sock` if the image's `/var/run` is an
 * absolute link ("path escapes from parent").
 */
const SOCKET_IN_CONTAINER = '/cnb-engine.sock'
const USUAL_SOCKET = '/var/run/docker.sock'
const HINT = "Use 'unix:///path/of/the/socket' with the path on the engine's host, 'tcp://host:port', or 'inherit'."

export interface EngineAccess {
  readonly env: readonly string[]
  readonly mounts: readonly Mount[]
}

/**
 * Returns the ways to try, best first. A socket's path is that on the engine's host, which may differ from the client's: sockets
 * below a home directory lead into a virtual machine, and so do ssh and tcp addresses.
 * @param dockerHost the user's choice: `inherit`, or an address
 * @throws CnbError CNB_USAGE for an invalid address
 */
export function engineAccessChoices(engine: Pick<Engine, 'address'>, info: EngineInfo, home: string, dockerHost?: string): EngineAccess[] {
  const wanted = dockerHost === 'inherit' ? engine.address : dockerHost
  if (wanted !== undefined) return [accessOf(wanted, info)]
  const own = socketOf(parseAddress(engine.address, 'the engine', undefined))
  const paths = own === undefined || own.startsWith(`${home}/`) ? [USUAL_SOCKET, own] : [own, USUAL_SOCKET]
  return [...new Set(paths)].flatMap((path) => (path === undefined ? [] : [throughSocket(path, info)]))
}

function accessOf(address: string, info: EngineInfo): EngineAccess {
  const transport = parsed(address)
  const socket = socketOf(transport)
  if (socket !== undefined) return throughSocket(socket, info)
  if (transport.kind !== 'tcp' || transport.tls) throw new CnbError('CNB_USAGE', `--docker-host '${withoutPassword(address)}' is not an address that the phases can use`, { hint: HINT })
  const host = isIPv6(transport.host) ? `[${transport.host}]` : transport.host
  return { env: [`DOCKER_HOST=tcp://${host}:${transport.port}`, apiVersion(info)], mounts: [] }
}

function parsed(address: string): Transport {
  try {
    return parseAddress(address, '--docker-host', undefined)
  } catch (error) {
    throw new CnbError('CNB_USAGE', (error as CnbError).message, { hint: HINT, cause: error })
  }
}

/** Returns the path of a Unix socket; undefined for other addresses, such as Windows pipes. */
function socketOf(transport: Transport): string | undefined {
  return transport.kind === 'socket' && transport.path.startsWith('/') ? transport.path : undefined
}

/**
 * Returns the error of a phase, with a hint if the phase had no permission to use the socket. On an engine with user namespaces
 * (userns-remap), a container's root may not use it; SELinux or an authorization plugin may refuse it too.
 */
export function explainDenial(error: unknown): unknown {
  if (!(error instanceof CnbError) || !/permission denied/i.test(error.message) || !error.message.includes(SOCKET_IN_CONTAINER)) return error
  const { code, message, exit } = error
  return new CnbError(code, message, {
    hint: "Leave out '--lifecycle stock': this engine refuses containers access to its socket, and the native driver does not need it.",
    exit,
    cause: error,
  })
}

function throughSocket(path: string, info: EngineInfo): EngineAccess {
  return {
    env: [`DOCKER_HOST=unix://${SOCKET_IN_CONTAINER}`, apiVersion(info)],
    mounts: [{ type: 'bind', source: path, target: SOCKET_IN_CONTAINER }],
  }
}

/** The client of lifecycle 0.21 requests a newer API than Engine 20.10 supports, unless the version is set. */
function apiVersion(info: EngineInfo): string {
  return `DOCKER_API_VERSION=${info.apiVersion}`
}
