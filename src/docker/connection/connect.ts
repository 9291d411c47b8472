/** Connects to an engine; the types are in engine.ts. Importing this file loads dockerode. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { DockerodeEngine } from '../dockerode-engine.ts'
import { EngineClient } from './client.ts'
import type { Endpoint } from './endpoint.ts'
import type { Engine } from '../engine.ts'
import { lastWords } from './last-words.ts'
import { closedAtOnceHint } from './tls-problem.ts'

/**
 * Connects to the engine that `resolveEndpoint` found, and pings it. The caller closes the result.
 * @throws CnbError CNB_ENGINE_UNREACHABLE, CNB_ENGINE_DENIED
 */
export async function connectEngine(endpoint: Endpoint, context?: Context): Promise<Engine> {
  const engine = new DockerodeEngine(new EngineClient(endpoint, lastWords(context?.signal), context?.events))
  try {
    await engine.ping(context)
    return engine
  } catch (error) {
    engine.close()
    const hint = error instanceof CnbError && error.code === 'CNB_ENGINE_LOST' ? closedAtOnceHint(endpoint) : undefined
    throw hint === undefined ? error : new CnbError('CNB_ENGINE_UNREACHABLE', (error as CnbError).message, { hint, cause: error })
  }
}
