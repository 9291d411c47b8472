/** Finds the address of the user's engine. */

import type { Endpoint } from '../docker/connection/endpoint.ts'
import type { Host } from './services.ts'

/** Returns the endpoint that the environment and the Docker contexts select. @throws CnbError CNB_USAGE for an invalid address */
export async function findEndpoint({ env, home }: Pick<Host, 'env' | 'home'>): Promise<Endpoint> {
  const { resolveEndpoint } = await import('../docker/connection/endpoint.ts')
  return resolveEndpoint({ env, home, uid: process.getuid?.(), windows: process.platform === 'win32' })
}
