/** One phase that is a container's whole work. */

import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { Container } from '../docker/engine.ts'
import { phaseError } from './exit-codes.ts'
import type { PhaseTime } from './lifecycle.ts'
import { PhaseReporter } from './phase-reporter.ts'

/**
 * Starts a container whose command is that phase, and waits for its end.
 * @throws CnbError for the phase's exit code; CNB_BUILDER_INVALID where the builder has no such phase
 */
export async function runPhase(container: Pick<Container, 'run'>, phase: string, context: Context): Promise<readonly PhaseTime[]> {
  const reporter = new PhaseReporter(phase, context.events ?? (() => {}))
  let exitCode: number
  try {
    exitCode = await container.run({ stdout: reporter.stream('stdout'), stderr: reporter.stream('stderr') }, context)
  } catch (error) {
    // 128 + SIGINT, as a shell would tell of it.
    reporter.end(context.signal?.aborted ? 130 : 1)
    if (error instanceof CnbError && /exec.*\/cnb\/lifecycle\//.test(error.message)) {
      throw new CnbError('CNB_BUILDER_INVALID', `the builder has no ${phase} that can be run: ${error.message}`, { cause: error })
    }
    throw error
  }
  const { phase: running, lastWords } = reporter
  const times = reporter.end(exitCode)
  if (exitCode !== 0) throw phaseError(running, exitCode, lastWords)
  return times
}
