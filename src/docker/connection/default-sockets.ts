/** Default sockets of Docker (rootless, Desktop), Podman, Colima, OrbStack, Rancher Desktop. */

import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'

export interface SocketPlaces {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  /** Numeric user ID, for `/run/user/<uid>`. */
  readonly uid?: number
}

/** Returns the default sockets in search order; error messages show the first one if none exists. */
export function defaultSockets({ env, home, uid }: SocketPlaces): [string, ...string[]] {
  const runtime = env.XDG_RUNTIME_DIR || (uid === undefined ? undefined : `/run/user/${uid}`)
  return [
    '/var/run/docker.sock',
    ...(runtime ? [join(runtime, 'docker.sock')] : []),
    join(home, '.docker/run/docker.sock'),
    join(home, '.docker/desktop/docker.sock'),
    ...(uid === undefined ? [] : [`/run/user/${uid}/docker.sock`]),
    ...(runtime ? [join(runtime, 'podman/podman.sock')] : []),
    '/run/podman/podman.sock',
    join(home, '.local/share/containers/podman/machine/podman.sock'),
    join(home, '.colima/default/docker.sock'),
    join(home, '.config/colima/default/docker.sock'),
    join(home, '.orbstack/run/docker.sock'),
    join(home, '.rd/docker.sock'),
  ]
}

/** Returns the first accessible path, otherwise the first existing one (to report its error), otherwise the first. */
export async function firstUsable(paths: readonly [string, ...string[]]): Promise<string> {
  return (await firstThat(paths, constants.R_OK | constants.W_OK)) ?? (await firstThat(paths, constants.F_OK)) ?? paths[0]
}

async function firstThat(paths: readonly string[], mode: number): Promise<string | undefined> {
  for (const path of paths) {
    try {
      await access(path, mode)
      return path
    } catch {
      // Not accessible: try the next.
    }
  }
  return undefined
}
