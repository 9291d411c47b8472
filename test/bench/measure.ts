/** Runs a command to its end and measures it. */

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { BINARY, ON_NODE } from '../support/cnb.ts'

// The bundle is in dist/bench/.
const PEAK = join(import.meta.dirname, '../../test/bench/peak.cjs')

export interface Measurement {
  readonly wallMs: number
  /** Peak resident memory in MiB; undefined without /proc, and for programs other than `cnb` on Node. */
  readonly peakMiB?: number
  /** Requests to the registry, where they are counted. */
  readonly requests?: number
  /** The bytes of existing layers that passed through this machine, where they are counted. */
  readonly carriedBytes?: number
}

/** @throws Error with the command's output if its exit code is not 0 */
export async function measure(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Measurement> {
  const start = performance.now()
  const child = spawn(program, args, {
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: undefined, GITHUB_ACTIONS: undefined, PACK_VOLUME_KEY: 'cnb-e2e', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const ended = new Promise<{ code: number | null; wallMs: number }>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve({ code, wallMs: performance.now() - start }))
  })
  const [, ...outputs] = child.stdio
  const [{ code, wallMs }, printed, complaints, peak] = await Promise.all([ended, ...outputs.map((output) => text(output as Readable))] as const)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}\n${printed}\n${complaints}`)
  return { wallMs, ...(peak === '' ? {} : { peakMiB: Number(peak) / 1024 }) }
}

/** Measures the tested cnb (cnb.ts). */
export function measureCnb(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Measurement> {
  return ON_NODE ? measure(process.execPath, ['--require', PEAK, BINARY, ...args], env) : measure(BINARY, args, env)
}
