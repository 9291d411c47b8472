/** kp's verbs that change a resource: create, patch and save. */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { KindName, ResourceTypes } from '../../../resources/kind-list.ts'
import { findKind } from '../../../resources/kind-list.ts'
import { storageVersion } from '../../../resources/kind.ts'
import type { Store } from '../../../state/store.ts'
import { applyDocuments, type DocumentOptions, type DocumentResult } from '../documents/apply-documents.ts'
import type { ScopeServices } from '../open-scope.ts'

/** `save` creates or patches. */
export type Verb = 'create' | 'patch' | 'save'

/** A change of one resource. */
export interface ResourceChange<Name extends KindName> {
  readonly verb: Verb
  readonly kind: Name
  readonly name: string
  /** Returns the spec. @param before the stored resource as its user wrote it; @throws CnbError CNB_USAGE */
  readonly spec: (before: ResourceTypes[Name] | undefined) => object
}

export interface ChangeResult extends DocumentResult {
  readonly isNew: boolean
}

/**
 * Changes a resource, and brings everything up to date; of the images only this one, if it is one.
 * @throws CnbError CNB_RESOURCE_NOT_FOUND, CNB_USAGE, CNB_RESOURCE_INVALID, and those of apply
 */
export async function changeResource<Name extends KindName>(
  { verb, kind: kindName, name, spec }: ResourceChange<Name>, options: DocumentOptions, store: Store, services: ScopeServices, context: Context,
): Promise<ChangeResult> {
  const kind = findKind(kindName)
  const namespace = kind.isNamespaced ? (options.namespace ?? 'default') : undefined
  let isNew = false
  const result = await applyDocuments({
    what: `${verb} the ${kindName} ${name}`,
    from: (resources) => {
      const before = resources.written(kindName, { name, namespace })
      if (before && verb === 'create') throw alreadyExists(kind, name)
      if (!before && verb === 'patch') throw new CnbError('CNB_RESOURCE_NOT_FOUND', `${kind.plural}.${kind.group} "${name}" not found`, { hint: "Create it first, or use 'save'." })
      isNew = !before
      const metadata = before?.metadata ?? { name, ...(namespace === undefined ? {} : { namespace }) }
      return [{ apiVersion: storageVersion(kind), kind: kindName, metadata, spec: spec(before) } as ResourceTypes[Name]]
    },
    ...(kindName === 'Image' ? { isWanted: ({ metadata }) => metadata.name === name && metadata.namespace === namespace } : {}),
  }, options, store, services, context)
  return { ...result, isNew }
}

/** As the API server says it. */
export function alreadyExists({ plural, group }: { readonly plural: string; readonly group: string }, name: string, hint = "Change it with 'patch' or 'save', or choose another name."): CnbError {
  return new CnbError('CNB_USAGE', `${plural}${group === '' ? '' : `.${group}`} "${name}" already exists`, { hint })
}
