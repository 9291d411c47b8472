/** Controls the engine under test with the docker command, independently of cnb's client. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Runs `docker` and returns its stdout, trimmed. @throws Error with its stderr if it fails */
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

/** Runs `command` in a new container of `image`, removes the container and returns the output. */
export function runImage(image: string, ...command: string[]): Promise<string> {
  return docker('run', '--rm', '--network', 'none', image, ...command)
}
