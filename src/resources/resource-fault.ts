/** Faults of resource files, and the error with all of them. */

import { CnbError, type SourcePosition } from '../base/errors.ts'

export interface ResourceFault {
  /** The fault with the resource: `Image app: missing field(s): spec.tag` */
  readonly message: string
  readonly position: SourcePosition
  readonly hint?: string
}

/** More than anyone corrects at once; bounds the message. */
const MAX_SHOWN = 50

/** Formats `file:line:column`, which editors recognize. */
export function positionText({ file, line, column }: SourcePosition): string {
  return [file, line, column].filter((part) => part !== undefined).join(':')
}

/** Returns the error for faults of resource files: with one fault its position, with several a line for each. */
export function resourceError(faults: readonly [ResourceFault, ...ResourceFault[]]): CnbError {
  const [{ message, position, hint }] = faults
  if (faults.length === 1) return new CnbError('CNB_RESOURCE_INVALID', `cannot use ${position.file}: ${message}`, { position, hint })
  const lines = faults.slice(0, MAX_SHOWN).map((fault) => `${positionText(fault.position)}: ${fault.message}${fault.hint === undefined ? '' : ` (${fault.hint})`}`)
  const more = faults.length > MAX_SHOWN ? [`and ${faults.length - MAX_SHOWN} more`] : []
  return new CnbError('CNB_RESOURCE_INVALID', [`cannot use the resources: ${faults.length} faults`, ...lines, ...more].join('\n'), {
    hint: 'Correct the resources; nothing is changed until all are valid.',
  })
}
