/** Runs an app image as an HTTP server. */

import { setTimeout as pause } from 'node:timers/promises'
import { docker } from '../engines/docker.ts'

const ATTEMPTS = 200
const PAUSE_MS = 50
/** The time limit of a request: a connection that the engine accepts before the app listens may stall. */
const ANSWER_MS = 5000

/** A container with a server; disposal removes it. */
export interface Server extends AsyncDisposable {
  /** Sends GET requests until the server replies. @throws Error with the container's log if it ended */
  get(path: string): Promise<Response>
}

/** Starts `image` with port 8080 published on a free local port, and PORT=8080 in the environment. */
export async function serve(image: string, ...options: string[]): Promise<Server> {
  const id = await docker('run', '--detach', '--publish', '127.0.0.1::8080', '--env', 'PORT=8080', ...options, image)
  const remove = async (): Promise<void> => {
    await docker('rm', '--force', '--volumes', id)
  }
  try {
    const address = (await docker('port', id, '8080')).split('\n')[0]
    return {
      async get(path) {
        for (let attempt = 1; ; attempt++) {
          try {
            return await fetch(`http://${address}${path}`, { signal: AbortSignal.timeout(ANSWER_MS) })
          } catch (error) {
            const running = await docker('inspect', '--format', '{{.State.Running}}', id)
            if (running !== 'true' || attempt === ATTEMPTS) throw new Error(`${image} does not answer:\n${await docker('logs', id)}`, { cause: error })
            await pause(PAUSE_MS)
          }
        }
      },
      [Symbol.asyncDispose]: remove,
    }
  } catch (error) {
    await remove()
    throw error
  }
}
