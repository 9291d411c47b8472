/** Connects to an engine; the types are in engine.ts. Importing this file loads dockerode. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { DockerodeEngine } from '../dockerode-engine.ts'
import { GrpcSession } from '../content/grpc-session.ts'
import { LeftContainers } from '../remove-container.ts'
import { EngineClient } from './client.ts'
import { EngineAgent, type EndpointCode } from './engine-agent.ts'
import type { Endpoint } from './endpoint.ts'
import type { Engine } from '../engine.ts'
import { cleanupSignal } from './cleanup-signal.ts'
import { closedAtOnceHint } from './tls-problem.ts'

/**
 * Connects to the engine that `resolveEndpoint` found, and pings it. The caller closes the result.
 * @param processEnds whether the process ends after the caller's last call, and need not wait for the engine (Container.leave)
 * @throws CnbError CNB_ENGINE_UNREACHABLE, CNB_ENGINE_DENIED
 */
export async function connectEngine(endpoint: Endpoint, context?: Context, processEnds = false): Promise<Engine> {
  const { transport } = endpoint
  const code: EndpointCode = {
    connectTls: transport.kind === 'tcp' && transport.tls ? (await import('node:tls')).connect : undefined,
    SshConnection: transport.kind === 'ssh' ? (await import('./ssh-connection.ts')).SshConnection : undefined,
  }
  const client = new EngineClient(endpoint, cleanupSignal(context?.signal), context?.events, new EngineAgent(endpoint, code))
  const engine = new DockerodeEngine(client, { session: new GrpcSession(client), left: processEnds ? new LeftContainers() : undefined })
  try {
    await engine.ping(context)
    return engine
  } catch (error) {
    engine.close()
    const hint = error instanceof CnbError && error.code === 'CNB_ENGINE_LOST' ? closedAtOnceHint(endpoint) : undefined
    throw hint === undefined ? error : new CnbError('CNB_ENGINE_UNREACHABLE', (error as CnbError).message, { hint, cause: error })
  }
}
