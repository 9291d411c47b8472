/** A phase that runs in this process, told of as the lifecycle's own phases are. */

import type { Context } from '../base/events.ts'
import type { PhaseTime } from './lifecycle.ts'

/** Runs `work` between `phase.start` and `phase.end`; `say` tells a line of the phase. Adds the phase's time to `times`. */
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
