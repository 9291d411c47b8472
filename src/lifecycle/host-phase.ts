/** Runs a phase in this process, with the same events as a phase in a container. */

import type { Context } from '../base/events.ts'
import type { PhaseTime } from './lifecycle.ts'

/** Runs `work` between `phase.start` and `phase.end`; `say` emits a line of output. Adds the phase's duration to `times`. */
export async function hostPhase<T>(
  phase: string,
  times: PhaseTime[],
  context: Context,
  work: (say: (line: string) => void) => Promise<T>,
): Promise<T> {
  const { events, signal } = context
  const start = performance.now()
  const end = (exitCode: number): void => {
    const durationMs = performance.now() - start
    times.push({ phase, durationMs })
    events?.({ type: 'phase.end', phase, durationMs, exitCode })
  }
  events?.({ type: 'phase.start', phase })
  try {
    const result = await work((line) => events?.({ type: 'phase.line', phase, stream: 'stdout', line }))
    end(0)
    return result
  } catch (error) {
    const { exit } = error as { exit?: number }
    end(signal?.aborted ? 130 : (exit ?? 1))
    throw error
  }
}
