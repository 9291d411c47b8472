/** The door of this folder for whoever makes an Engine; the types are in engine.ts. Importing it loads dockerode. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { DockerodeEngine } from '../dockerode-engine.ts'
import type { Endpoint } from './endpoint.ts'
import type { Engine } from '../engine.ts'
import { lastWords } from './last-words.ts'
import { closedAtOnceHint } from './tls-problem.ts'

/**
 * Connects to the engine that `resolveEndpoint` found, and sees that it answers. The caller closes it.
 * Its requests are spans of the context's events.
 * @throws CnbError CNB_ENGINE_UNREACHABLE, CNB_ENGINE_DENIED
 */
export async function connect(endpoint: Endpoint, context?: Context): Promise<Engine> {
  const engine = new DockerodeEngine(endpoint, lastWords(context?.signal), context?.events)
  try {
    await engine.ping(context)
    return engine
  } catch (error) {
    engine.close()
    const hint = error instanceof CnbError && error.code === 'CNB_ENGINE_LOST' ? closedAtOnceHint(endpoint) : undefined
    throw hint === undefined ? error : new CnbError('CNB_ENGINE_UNREACHABLE', (error as CnbError).message, { hint, cause: error })
  }
}
