/** Hides the secrets of a build in everything that it reports. */

import { CnbError } from '../../../base/errors.ts'
import type { CnbEvent, Context } from '../../../base/events.ts'
import { Mask } from '../../../base/lines/mask.ts'
import type { Secret } from '../../../project/secret.ts'

/**
 * Runs `work` with a context that hides the secrets: in the output of containers, where a line is read, and in all other texts of events and
 * errors, which may quote files of a buildpack.
 */
export async function withoutSecrets<T>(secrets: readonly Secret[], context: Context, work: (masked: Context) => Promise<T>): Promise<T> {
  if (secrets.length === 0) return work(context)
  const mask = new Mask(secrets.map(({ content }) => content.toString()))
  const { events } = context
  try {
    return await work({ ...context, mask, ...(events ? { events: (event) => events(masked(event, mask)) } : {}) })
  } catch (error) {
    throw error instanceof Error ? withoutText(error, mask) : error
  }
}

function masked(event: CnbEvent, mask: Mask): CnbEvent {
  if (event.type === 'info' || event.type === 'warning' || event.type === 'debug') return { ...event, message: mask.hide(event.message) }
  if (event.type === 'phase.line') return { ...event, line: mask.hide(event.line) }
  return event.type === 'decision' ? { ...event, reason: mask.hide(event.reason) } : event
}

/** Returns the error without the secrets; its cause, which may have them too, is left out then. */
function withoutText(error: Error, mask: Mask): Error {
  const { message } = error
  if (!(error instanceof CnbError)) return mask.hide(message) === message ? error : new CnbError('CNB_INTERNAL', mask.hide(message))
  const { code, hint, exit, position, source } = error
  const hide = (text: string | undefined): string | undefined => text && mask.hide(text)
  if ([message, hint, source].every((text) => text === hide(text)) && !hasSecret(error.cause, mask)) return error
  const hidden = hide(hint)
  return new CnbError(code, mask.hide(message), { ...(hidden === undefined ? {} : { hint: hidden }), exit, ...(position ? { position } : {}), source: hide(source) })
}

function hasSecret(cause: unknown, mask: Mask): boolean {
  return cause instanceof Error && (mask.hide(cause.message) !== cause.message || hasSecret(cause.cause, mask))
}
