/** Runs one phase as a container's command. */

import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { Container } from '../docker/engine.ts'
import { phaseError } from './exit-codes.ts'
import type { PhaseTime } from './lifecycle.ts'
import { PhaseReporter } from './phase-reporter.ts'

/**
 * Starts a container that has the phase as its command, and waits for it to end. Returns the durations of the phases that ran.
 * @throws CnbError for the phase's exit code; CNB_BUILDER_INVALID if the builder does not contain the phase
 */
export async function runPhase(container: Pick<Container, 'run'>, phase: string, context: Context): Promise<readonly PhaseTime[]> {
  const reporter = new PhaseReporter(phase, context.events ?? (() => {}))
  let exitCode: number
  try {
    exitCode = await container.run({ stdout: reporter.stream('stdout'), stderr: reporter.stream('stderr') }, context)
  } catch (error) {
    // 128 + SIGINT, as in a shell.
    reporter.end(context.signal?.aborted ? 130 : 1)
    if (error instanceof CnbError && /exec.*\/cnb\/lifecycle\//.test(error.message)) {
      throw new CnbError('CNB_BUILDER_INVALID', `cannot run the builder's ${phase}: ${error.message}`, { cause: error })
    }
    throw error
  }
  const { phase: running, errorOutput } = reporter
  const times = reporter.end(exitCode)
  if (exitCode !== 0) throw phaseError(running, exitCode, errorOutput)
  return times
}
