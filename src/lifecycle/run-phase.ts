/** Runs one phase as a container's command. */

import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { Container, ContainerOutput } from '../docker/engine.ts'
import type { Secret } from '../project/secret.ts'
import { phaseError } from './exit-codes.ts'
import type { PhaseTime } from './lifecycle.ts'
import { PhaseReporter } from './phase-reporter.ts'
import { secretLines, SHELL } from './secrets/secret-input.ts'

/**
 * Starts a container that has the phase as its command, and waits for it to end. Returns the durations of the phases that ran.
 * @param secrets for a container that was created to receive them (secret-input.ts)
 * @throws CnbError for the phase's exit code; CNB_BUILDER_INVALID if the builder does not contain the phase; CNB_UNSUPPORTED for
 * secrets and a builder without a shell
 */
export async function runPhase(container: Pick<Container, 'run' | 'attach'>, phase: string, context: Context, secrets: readonly Secret[] = []): Promise<readonly PhaseTime[]> {
  const reporter = new PhaseReporter(phase, context)
  let exitCode: number
  try {
    const output = { stdout: reporter.stream('stdout'), stderr: reporter.stream('stderr') }
    exitCode = await (secrets.length === 0 ? container.run(output, context) : runWithSecrets(container, output, secrets, context))
  } catch (error) {
    // 128 + SIGINT, as in a shell.
    reporter.end(context.signal?.aborted ? 130 : 1)
    if (secrets.length > 0 && error instanceof CnbError && error.message.includes(SHELL)) throw withoutShell(error)
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

async function runWithSecrets(container: Pick<Container, 'attach'>, output: ContainerOutput, secrets: readonly Secret[], context: Context): Promise<number> {
  await using attached = await container.attach(output, context)
  attached.stdin.end(secretLines(secrets))
  return await attached.exitCode
}

/** The error for a builder that cannot receive secrets. */
function withoutShell(cause: CnbError): CnbError {
  return new CnbError('CNB_UNSUPPORTED', `cannot pass secrets to the builder: it has no ${SHELL}, which writes them to memory`, {
    hint: 'Use a builder with a shell, or leave out --secret.',
    cause,
  })
}
