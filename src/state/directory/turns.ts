/**
 * Turns of the processes that use a directory, in the order in which they came.
 *
 * This is Lamport's bakery algorithm. Each process has a claim with a unique name, so removing the claim of a process that has ended never removes that of another one.
 */

import { randomUUID } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { throwIfAborted } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { cannotWrite, makeDirectories } from '../../base/files.ts'
import { Claim, ClaimWatch } from './claim.ts'
import type { StateProcess } from './state-process.ts'

/** A process that does not have its number yet; others wait until it has. */
const CHOOSING = 'choosing-'
const NUMBERED = /^(\d{1,15})-/
/** Milliseconds between two looks at the claims of others: more for those that take longer. */
const PAUSE = { least: 2, most: 250, share: 0.1 }
/** Milliseconds after which a wait is reported. */
const LONG = 150

interface Turn extends AsyncDisposable {
  /** Aborted if another process took over. */
  readonly lost: AbortSignal
  /** Returns whether there is another claim: of a process that waits, or that ended while it waited. */
  isWanted(): Promise<boolean>
}

/**
 * Waits for the turn of this process; disposal ends the turn.
 * @param onWait receives a description of the process that has the turn, once
 * @throws CnbError CNB_OUTPUT, CNB_STATE_INVALID, CNB_INTERRUPTED
 */
export async function takeTurn(directory: string, process: StateProcess, context: Context, onWait: (holder: string) => void): Promise<Turn> {
  throwIfAborted(context.signal)
  await makeDirectories(directory).catch((error: unknown) => cannotWrite(directory, error))
  const id = randomUUID()
  const claim = await Claim.make(join(directory, `${CHOOSING}${id}`), process)
  try {
    const number = 1 + Math.max(0, ...(await claimsIn(directory)).map(numberOf))
    const name = `${String(number).padStart(6, '0')}-${id}`
    await claim.rename(join(directory, name))
    await waitForOthers(directory, name, process, context, onWait)
    return {
      lost: claim.lost,
      isWanted: async () => (await claimsIn(directory)).some((other) => other !== name),
      [Symbol.asyncDispose]: () => claim[Symbol.asyncDispose](),
    }
  } catch (error) {
    await claim[Symbol.asyncDispose]()
    throw error
  }
}

/** Returns whether a process has the turn, or waits for it. */
export async function isTaken(directory: string, process: StateProcess): Promise<boolean> {
  const watch = new ClaimWatch(process)
  const names = await claimsIn(directory).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? [] : Promise.reject(error)))
  const found = await Promise.all(names.map((name) => watch.look(join(directory, name))))
  return found.some((claim) => typeof claim === 'object')
}

async function waitForOthers(directory: string, own: string, process: StateProcess, { signal }: Context, onWait: (holder: string) => void): Promise<void> {
  const watch = new ClaimWatch(process)
  const start = performance.now()
  let hasReported = false
  for (;;) {
    const holder = await firstHolder(directory, own, watch)
    if (holder === undefined) return
    const waited = performance.now() - start
    if (!hasReported && waited > LONG) {
      onWait(holder)
      hasReported = true
    }
    await process.clock.sleep(Math.min(PAUSE.most, PAUSE.least + PAUSE.share * waited), signal)
  }
}

/** Returns a description of a living process with a turn before `own`. Removes claims of processes that have ended. */
async function firstHolder(directory: string, own: string, watch: ClaimWatch): Promise<string | undefined> {
  for (const name of (await claimsIn(directory)).sort(inTurn)) {
    if (name === own || !isBefore(name, own)) continue
    const path = join(directory, name)
    const found = await watch.look(path)
    if (found === 'ended') await rm(path, { force: true })
    else if (found !== 'absent') return found.holder
  }
  return undefined
}

/** Lists twice: readdir(3) may miss a file that is renamed meanwhile. */
async function claimsIn(directory: string): Promise<string[]> {
  const names = [...(await readdir(directory)), ...(await readdir(directory))]
  return [...new Set(names)].filter((name) => name.startsWith(CHOOSING) || NUMBERED.test(name))
}

function isBefore(name: string, own: string): boolean {
  return name.startsWith(CHOOSING) || inTurn(name, own) < 0
}

/** Claims without a number come first, then those with the lowest numbers; equal numbers by their random parts. */
function inTurn(a: string, b: string): number {
  return numberOf(a) - numberOf(b) || (a < b ? -1 : 1)
}

function numberOf(name: string): number {
  return Number(NUMBERED.exec(name)?.[1] ?? 0)
}
