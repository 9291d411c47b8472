/** How a phase in a container reaches the engine that it runs on. */

import { CnbError } from '../../base/errors.ts'
import type { Engine, EngineInfo, Mount } from '../../docker/engine.ts'

/**
 * Where the socket stands in the container: not at the usual `/var/run/docker.sock`, as Engine 28 refuses to mount there when
 * the image's `/var/run` is an absolute link ("path escapes from parent").
 */
const SOCKET_IN_CONTAINER = '/cnb-engine.sock'
const USUAL_SOCKET = '/var/run/docker.sock'

export interface EngineAccess {
  readonly env: readonly string[]
  readonly mounts: readonly Mount[]
}

/**
 * The ways to try, best first. A socket's path is the one that the engine's own host has, which may not be the client's:
 * sockets below a home directory lead into a virtual machine, and so do ssh and tcp addresses.
 * @param dockerHost what the user said: `inherit`, or an address
 * @throws CnbError CNB_USAGE for an address that is none
 */
export function engineAccessChoices(engine: Pick<Engine, 'address'>, info: EngineInfo, home: string, dockerHost?: string): EngineAccess[] {
  const wanted = dockerHost === 'inherit' ? engine.address : dockerHost
  if (wanted !== undefined) {
    if (/^tcp:\/\/./.test(wanted)) return [{ env: [`DOCKER_HOST=${wanted}`, apiVersion(info)], mounts: [] }]
    const path = /^unix:\/\/(\/.+)$/.exec(wanted)?.[1]
    if (path === undefined) {
      throw new CnbError('CNB_USAGE', `--docker-host '${wanted}' cannot be given to the phases`, {
        hint: "Use 'unix:///path/of/the/socket' as the engine's host has it, 'tcp://host:port', or 'inherit'.",
      })
    }
    return [throughSocket(path, info)]
  }
  const own = /^unix:\/\/(\/.+)$/.exec(engine.address)?.[1]
  const paths = own === undefined || own.startsWith(`${home}/`) ? [USUAL_SOCKET, own] : [own, USUAL_SOCKET]
  return [...new Set(paths)].flatMap((path) => (path === undefined ? [] : [throughSocket(path, info)]))
}

/**
 * What a phase failed with; where it was not let at the socket, with a way out. Root of a container may not use it on an engine with
 * user namespaces (userns-remap), and SELinux or an authorization plugin may refuse as well.
 */
export function explainDenial(error: unknown): unknown {
  if (!(error instanceof CnbError) || !/permission denied/i.test(error.message) || !error.message.includes(SOCKET_IN_CONTAINER)) return error
  const { code, message, exit } = error
  return new CnbError(code, message, {
    hint: "The engine lets no container use its socket, as with userns-remap: leave out '--lifecycle stock', for the native lifecycle needs no socket.",
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

/** lifecycle 0.21's client asks for an API newer than Engine 20.10's unless it is told the version. */
function apiVersion(info: EngineInfo): string {
  return `DOCKER_API_VERSION=${info.apiVersion}`
}
