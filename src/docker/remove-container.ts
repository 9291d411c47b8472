/** Removes a container reliably. */

import { setTimeout as sleep } from 'node:timers/promises'
import { timeLimit } from '../base/clock.ts'
import { CnbError, toCnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { EngineClient } from './connection/client.ts'
import { isEngineGone, engineStatus } from './engine-errors.ts'

const REMOVE_ATTEMPTS = 4
const REMOVE_TIMEOUT_MS = 30_000

/**
 * Kills and removes a container with its anonymous volumes, by ID or name, and waits until it is gone. Lost connections and internal
 * errors of the engine are retried a few times.
 * @throws CnbError CNB_ENGINE_*
 */
export async function removeContainer(client: EngineClient, id: string): Promise<void> {
  const task = `cannot remove the container ${id}`
  for (let attempt = 1; ; attempt++) {
    try {
      await client.text({ task, method: 'DELETE', path: `/containers/${id}`, query: { force: true, v: true }, signal: removalLimit(client) })
      return
    } catch (error) {
      const status = engineStatus(error)
      if (status === 404) return
      const lost = error instanceof CnbError && error.code === 'CNB_ENGINE_LOST'
      if (attempt === REMOVE_ATTEMPTS || !(lost || status === 409 || (status !== undefined && status >= 500))) throw error
      if (status === 409) await removed(client, id)
      else await sleep(100 * attempt)
    }
  }
}

/** Waits for a removal that is already in progress. */
async function removed(client: EngineClient, id: string): Promise<void> {
  const query = { condition: 'removed' }
  const task = `cannot wait for the removal of the container ${id}`
  await client.text({ task, method: 'POST', path: `/containers/${id}/wait`, query, signal: removalLimit(client) }).catch(() => {})
}

function removalLimit({ cleanup }: EngineClient): AbortSignal {
  return AbortSignal.any([timeLimit(REMOVE_TIMEOUT_MS), cleanup])
}

/** Removes a container; reports failures as warnings, because an error here would hide the original error. */
export async function discardContainer(client: EngineClient, id: string, { events }: Context): Promise<void> {
  try {
    await removeContainer(client, id)
  } catch (error) {
    // If the engine is gone, the error that it caused already reports that.
    if (isEngineGone(error)) client.lost.add(id)
    const message = `${toCnbError(error).message}; remove it with 'docker rm -f ${id}'`
    events?.({ type: isEngineGone(error) ? 'debug' : 'warning', message })
  }
}

/** Removes the containers that stayed because the engine was gone: a watch continues, and no other run takes them for leftovers before its end. */
export async function discardLost(client: EngineClient, context: Context): Promise<void> {
  const ids = [...client.lost]
  client.lost.clear()
  for (const id of ids) await discardContainer(client, id, context)
}

/** Removes containers without waiting for the engine, at the end of a process (Container.leave). */
export class LeftContainers {
  readonly #removals = new Set<Promise<void>>()

  /** Returns once the request is sent: the engine completes it, even if the connection is closed. */
  async remove(client: EngineClient, id: string): Promise<void> {
    const { sent, replied } = client.sendOnly({ method: 'DELETE', path: `/containers/${id}`, query: { force: 'true', v: 'true' } })
    this.#removals.add(replied)
    await sent
  }

  /** Waits for all removals: a new container may need the name of a left one. */
  async settled(): Promise<void> {
    await Promise.all(this.#removals)
  }
}
