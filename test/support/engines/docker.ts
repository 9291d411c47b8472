/** The engine under test, through the docker command: never through cnb's own client, so that each checks the other. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Runs `docker` and gives its stdout, trimmed. @throws Error with its stderr when it fails */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await execute('docker', args, { maxBuffer: 64 << 20 })
  return stdout.trim()
}

export interface InspectedImage {
  Id: string
  RepoTags: string[] | null
  Architecture: string
  Created: string
  Config: { Env: string[]; Labels: Record<string, string> | null; Entrypoint: string[]; WorkingDir: string; User: string }
  RootFS: { Layers: string[] }
}

export async function inspectImage(name: string): Promise<InspectedImage> {
  const [image] = JSON.parse(await docker('image', 'inspect', name)) as InspectedImage[]
  if (image === undefined) throw new Error(`no image ${name}`)
  return image
}

export async function imageId(name: string): Promise<string> {
  return (await inspectImage(name)).Id
}

/** Runs `command` in a new container of `image` and gives its output; the container is removed. */
export function runImage(image: string, ...command: string[]): Promise<string> {
  return docker('run', '--rm', '--network', 'none', image, ...command)
}
