/** One check of `cnb doctor`: runs within a time limit, and ends in findings. */

import { setTimeout as pause } from 'node:timers/promises'
import { throwIfAborted, toCnbError, type ErrorCode } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'

/** `problem`: a build would fail; `warning`: something will; `skipped`: there is nothing to check. */
export type Status = 'ok' | 'warning' | 'problem' | 'skipped'

/** The result of a check. No text in it contains a credential. */
export interface Finding {
  readonly status: Status
  /** The state of the thing, or the failure in the words of the system. */
  readonly found: string
  /** The remedy, as one imperative sentence. */
  readonly fix?: string | undefined
  readonly code?: ErrorCode
}

export interface CheckResult extends Finding {
  /** The check's name; a check of several things has several results. */
  readonly check: string
}

export interface Check {
  readonly name: string
  /** @throws CnbError which becomes a problem */
  readonly run: (context: Context) => Promise<Finding | readonly Finding[]>
  /** The remedy if the check does not end in time. */
  readonly ifSlow: string | (() => string)
  /** Default: 5 s. */
  readonly limitMs?: number
}

const LIMIT_MS = 5000

/** Runs a check. A check that fails or does not end in time is a problem. @throws CnbError the reason of the context's signal */
export async function runCheck({ name, run, ifSlow, limitMs = LIMIT_MS }: Check, context: Context): Promise<CheckResult[]> {
  const ending = new AbortController()
  const { signal: outer } = context
  const signal = outer ? AbortSignal.any([outer, ending.signal]) : ending.signal
  const late = pause(limitMs, undefined, { signal }).then((): Finding => {
    return { status: 'problem', found: `no answer within ${limitMs / 1000} s`, fix: typeof ifSlow === 'string' ? ifSlow : ifSlow() }
  })
  let findings: Finding | readonly Finding[]
  try {
    findings = await Promise.race([run({ ...context, signal }), late])
  } catch (error) {
    throwIfAborted(outer)
    findings = problemOf(error)
  } finally {
    // Ends the timer, and the work of a check that is late.
    ending.abort()
    late.catch(() => {})
  }
  return [findings].flat().map((finding) => ({ check: name, ...finding }))
}

/** Returns the finding for an error. */
export function problemOf(error: unknown, status: Status = 'problem'): Finding {
  const { message, hint, code } = toCnbError(error)
  return { status, found: message, fix: hint, code }
}
