/** Keys of resources. Names from documents become names of files, so each is checked first. */

import type { AnyResource } from '../resources/kind.ts'
import { CnbError } from '../base/errors.ts'
import type { ResourceKey } from './store.ts'

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
/** RFC 1123, as Kubernetes checks names. */
const SUBDOMAIN = new RegExp(`^${LABEL}(\\.${LABEL})*$`)
const NAMESPACE = new RegExp(`^${LABEL}$`)
const KIND = /^[A-Z][A-Za-z0-9]*$/

/** Kubernetes allows 253 characters; the extension `.yaml` needs 5 of the 255 that a file name can have. */
const MAX_NAME = 250
const MAX_LABEL = 63

/** Returns the key of a resource. @throws CnbError CNB_DESCRIPTOR_INVALID if it has an impossible name */
export function keyOf<T extends AnyResource>({ apiVersion, kind, metadata: { namespace, name } }: T): ResourceKey<T> {
  const slash = apiVersion.indexOf('/')
  const key: ResourceKey<T> = { type: { group: slash < 0 ? '' : apiVersion.slice(0, slash), kind }, namespace, name }
  checkKey(key)
  return key
}

/** @throws CnbError CNB_DESCRIPTOR_INVALID if a part of the key is impossible */
export function checkKey({ type: { group, kind }, namespace, name }: ResourceKey): void {
  check('group', group, group === '' || (SUBDOMAIN.test(group) && group.length <= MAX_NAME))
  check('kind', kind, KIND.test(kind) && kind.length <= MAX_LABEL)
  if (namespace !== undefined) check('namespace', namespace, NAMESPACE.test(namespace) && namespace.length <= MAX_LABEL)
  check('name', name, SUBDOMAIN.test(name) && name.length <= MAX_NAME)
}

function check(part: string, value: string, isValid: boolean): void {
  if (isValid) return
  throw new CnbError('CNB_DESCRIPTOR_INVALID', `cannot store the resource: its ${part} ${JSON.stringify(value)} is invalid`, {
    hint: part === 'kind' ? 'Write the kind as kpack does: Image, Builder.' : 'Use lower case letters, digits, - and ., and start and end with a letter or digit.',
  })
}

/** Returns a key for messages: `Image default/app`. */
export function shownKey({ type: { kind }, namespace, name }: ResourceKey): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
}
