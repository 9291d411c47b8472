/** Whether resources are ready, as results and errors say it. */

import { CnbError } from '../../base/errors.ts'
import { conditionOf } from '../../reconcile/state.ts'
import type { Subject } from './resource-word.ts'
import type { Condition, Status } from '../../resources/resource.ts'

/** The state of a resource after a reconciliation. */
export interface Readiness {
  /** Absent for kinds without conditions, such as Secret. */
  readonly ready?: Condition['status']
  readonly reason?: string
  readonly message?: string
  /** The latest image, of kinds that have one. */
  readonly latestImage?: string
}

export function readinessOf(resource: { status?: Status & { latestImage?: string } } | undefined): Readiness {
  const condition = resource && (conditionOf(resource, 'Ready') ?? conditionOf(resource, 'Succeeded'))
  if (!resource || !condition) return {}
  const { status, reason, message } = condition
  const latestImage = resource.status?.latestImage
  return { ready: status, ...(reason ? { reason } : {}), ...(message ? { message } : {}), ...(latestImage ? { latestImage } : {}) }
}

/** Returns the error of a resource that is not ready. */
export function failureOf({ kind, namespace, name, ready, reason, message }: Readiness & Subject): CnbError | undefined {
  if (ready === undefined || ready === 'True') return undefined
  const subject = `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
  return new CnbError('CNB_NOT_READY', `${subject} is not ready: ${message ?? reason ?? 'its status is unknown'}`, { hint: `See 'cnb describe ${kind.toLowerCase()} ${name}${namespace === undefined ? '' : ` -n ${namespace}`}'.` })
}
