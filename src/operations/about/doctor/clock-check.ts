/** The check of this machine's clock against those of the engine and of registries. */

import type { Finding } from './check.ts'

export interface ClockReading {
  /** The other clock, for messages. */
  readonly name: string
  /** Milliseconds by which it is ahead of this machine's; an answer has it to the second. */
  readonly aheadMs: number
}

/** Tokens and signatures are valid for minutes, certificates of a new authority too. */
const MAX_SKEW_MS = 60_000

/** Compares the clocks that answered. */
export function checkClocks(readings: readonly ClockReading[]): Finding {
  if (readings.length === 0) return { status: 'skipped', found: 'not known: neither an engine nor a registry answered' }
  const wrong = readings.filter(({ aheadMs }) => Math.abs(aheadMs) > MAX_SKEW_MS)
  if (wrong.length === 0) return { status: 'ok', found: `agrees with ${readings.map(({ name }) => name).join(', ')}` }
  const found = wrong.map(({ name, aheadMs }) => `${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? 'behind' : 'ahead of'} ${name}`).join(', ')
  return { status: 'warning', found, fix: 'Set the clocks by a time server: tokens and signatures fail if they differ.' }
}
