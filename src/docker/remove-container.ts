/** Removing a container for good. */

import { setTimeout as sleep } from 'node:timers/promises'
import { CnbError } from '../base/errors.ts'
import type { EngineClient } from './client.ts'
import { refusalStatus } from './errors.ts'

const REMOVE_ATTEMPTS = 4
const REMOVE_TIMEOUT_MS = 30_000

/**
 * Kills and removes a container with its anonymous volumes, by id or name, and comes back when it is gone. A connection that
 * breaks off and an engine's inner error are tried again a few times.
 * @throws CnbError CNB_ENGINE_*
 */
export async function removeContainer(client: EngineClient, id: string): Promise<void> {
  const task = `cannot remove the container ${id}`
  for (let attempt = 1; ; attempt++) {
    try {
      const signal = AbortSignal.timeout(REMOVE_TIMEOUT_MS)
      await client.text({ task, method: 'DELETE', path: `/containers/${id}`, query: { force: true, v: true }, signal })
      return
    } catch (error) {
      const status = refusalStatus(error)
      if (status === 404) return
      const lost = error instanceof CnbError && error.code === 'CNB_ENGINE_LOST'
      if (attempt === REMOVE_ATTEMPTS || !(lost || status === 409 || (status !== undefined && status >= 500))) throw error
      if (status === 409) await removed(client, id)
      else await sleep(100 * attempt)
    }
  }
}

/** Waits for a removal that somebody else has begun. */
async function removed(client: EngineClient, id: string): Promise<void> {
  const signal = AbortSignal.timeout(REMOVE_TIMEOUT_MS)
  const query = { condition: 'removed' }
  const task = `cannot wait for the container ${id} to go`
  await client.text({ task, method: 'POST', path: `/containers/${id}/wait`, query, signal }).catch(() => {})
}
