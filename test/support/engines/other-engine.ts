/** An engine other than the one under test, to run images that are moved between engines. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { docker } from './docker.ts'

const execute = promisify(execFile)

/** The machine's default engine and the engines that bin/test starts. */
const SOCKETS = ['/var/run/docker.sock', '/run/cnb-engines/overlay2/docker.sock', '/run/cnb-engines/containerd/docker.sock']

/** Runs `docker` on that engine; fails as `docker` does. */
export type Docker = (...args: string[]) => Promise<string>

/** Returns an engine with the other kind of image store, if available, because it reads images differently. */
export async function findOtherEngine(): Promise<Docker | undefined> {
  const describe = (engine: Docker): Promise<string[]> => engine('info', '--format', '{{.ID}} {{.Driver}}').then((line) => line.split(' '), () => [])
  const [ownId, ownDriver] = await describe(docker)
  const found: { engine: Docker; alike: boolean }[] = []
  for (const engine of SOCKETS.map(dockerAt)) {
    const [id, driver] = await describe(engine)
    if (id !== undefined && id !== '' && id !== ownId) found.push({ engine, alike: driver === ownDriver })
  }
  return (found.find(({ alike }) => !alike) ?? found[0])?.engine
}

function dockerAt(socket: string): Docker {
  return async (...args) => (await execute('docker', ['--host', `unix://${socket}`, ...args], { maxBuffer: 64 << 20 })).stdout.trim()
}
