/** The name of a resource as kubectl prints it. */

import { KINDS } from '../../resources/kind-list.ts'

/** Returns `image.kpack.io/shop`, or `secret/login` for the core group. */
export function resourceWord({ kind, name }: { readonly kind: string; readonly name: string }): string {
  const group = KINDS.find((each) => each.kind === kind)?.group ?? ''
  return `${kind.toLowerCase()}${group === '' ? '' : `.${group}`}/${name}`
}
