/** Rules of kpack for the parts that several kinds have, with kpack's texts. */

import { each, invalid, missing, required, via, type FieldFault } from '../fields/field-fault.ts'
import { isImageName, isTagName } from '../fields/image-name.ts'
import type { CnbBinding, CosignConfig, NotaryConfig } from './image.ts'
import type { EnvVar, NamedReference, ObjectReference, ServiceAccountReference, SourceConfig } from './parts.ts'

export function tagFaults(tag: string | undefined): FieldFault[] {
  if (!tag) return [missing('tag')]
  return isTagName(tag) ? [] : [invalid(tag, 'tag')]
}

export function tagsFaults(tags: readonly string[] | undefined, field: string): FieldFault[] {
  return each(field, tags, (tag) => (isTagName(tag) ? [] : [invalid(tag, '')]))
}

export function imageFaults(image: string | undefined): FieldFault[] {
  return image ? imageNameFaults(image) : [missing('image')]
}

/** For images that may be absent. */
export function imageNameFaults(image: string | undefined): FieldFault[] {
  return !image || isImageName(image) ? [] : [invalid(image, 'image')]
}

/** A source of code is one of several; kpack's text for none of them lacks `local`, which only `cnb` has. */
export function sourceFaults(source: SourceConfig | undefined): FieldFault[] {
  const { git, blob, registry, local } = source ?? {}
  const set = Object.entries({ git, blob, registry, local }).filter(([, value]) => value).map(([name]) => name)
  if (set.length === 0) return [{ message: 'expected exactly one, got neither', paths: ['git', 'blob', 'registry'] }]
  if (set.length > 1) return [{ message: 'expected exactly one, got both', paths: set }]
  return [
    ...(git ? via('git', [...required(git.url, 'url'), ...required(git.revision, 'revision')]) : []),
    ...(blob ? via('blob', blobFaults(blob)) : []),
    ...(registry ? via('registry', imageFaults(registry.image)) : []),
    ...(local ? via('local', required(local.path, 'path')) : []),
  ]
}

function blobFaults({ url, auth, stripComponents = 0 }: NonNullable<SourceConfig['blob']>): FieldFault[] {
  if (auth && !['helper', 'secret'].includes(auth)) return [invalid(auth, 'auth', "must be one of '', 'helper', or 'secret'")]
  const count = stripComponents < 0 ? [{ message: `expected positive integer got ${stripComponents}`, paths: ['stripComponents'] }] : []
  return [...required(url, 'url'), ...count]
}

/** The optional service account of a resource of the whole cluster. */
export function accountFaults(reference: Partial<ServiceAccountReference> | undefined): FieldFault[] {
  const [first] = reference ? via('serviceAccountRef', [...required(reference.name, 'name'), ...required(reference.namespace, 'namespace')]) : []
  return first ? [first] : []
}

export function referenceFaults({ kind = '', name }: NamedReference, kinds: readonly string[]): FieldFault[] {
  if (kinds.includes(kind)) return []
  return [...required(name, 'name'), invalid(kind, 'kind', `must be one of ${kinds.join(', ')}`)]
}

const NAME = /^[a-z0-9\-.]{1,253}$/

function nameFaults(name: string | undefined): FieldFault[] {
  if (!name) return [missing('name')]
  return NAME.test(name) ? [] : [invalid(name, 'name')]
}

function duplicates(what: string, items: readonly { name?: string }[]): FieldFault[] {
  const seen = new Map<string, number>()
  return items.flatMap(({ name = '' }, index) => {
    const first = seen.get(name)
    seen.set(name, index)
    return first === undefined ? [] : [{ message: `duplicate ${what} name ${JSON.stringify(name)}`, paths: [`[${first}].name`, `[${index}].name`] }]
  })
}

export function servicesFaults(services: readonly ObjectReference[] = []): FieldFault[] {
  return [...duplicates('service', services), ...each('', services, ({ name, kind }) => [...nameFaults(name), ...required(kind, 'kind')])]
}

/** @param isAllowed as in documents with version v1alpha1 */
export function bindingsFaults(bindings: readonly CnbBinding[] = [], isAllowed: boolean): FieldFault[] {
  if (bindings.length > 0 && !isAllowed) return [deprecated('CNB bindings')]
  return [
    ...duplicates('binding', bindings),
    ...each('', bindings, ({ name, metadataRef, secretRef }) => [
      ...nameFaults(name),
      ...(metadataRef ? required(metadataRef.name, 'metadataRef.name') : [missing('metadataRef')]),
      ...(secretRef ? required(secretRef.name, 'secretRef.name') : []),
    ]),
  ]
}

/** @param isAllowed as in documents with version v1alpha1 */
export function notaryFaults(notary: NotaryConfig | undefined, isAllowed: boolean): FieldFault[] {
  if (notary && !isAllowed) return [deprecated('notary image signing')]
  return notary?.v1 ? via('v1', [...required(notary.v1.url, 'url'), ...required(notary.v1.secretRef?.name, 'secretRef.name')]) : []
}

function deprecated(what: string): FieldFault {
  return { message: `use of this field has been deprecated in v1alpha2, please use v1alpha1 for ${what}`, paths: [''] }
}

export function cosignFaults(cosign: CosignConfig | undefined): FieldFault[] {
  return each('annotations', cosign?.annotations, ({ name, value }) => [...required(name, 'name'), ...required(value, 'value')])
}

export function envFaults(env: readonly EnvVar[] | undefined): FieldFault[] {
  return each('', env, ({ valueFrom }) =>
    valueFrom?.secretKeyRef ? [{ message: 'secretKeyRef is not supported for build environment variables', paths: ['valueFrom.secretKeyRef'] }] : [],
  )
}

/** Labels of nodes that kpack sets itself. */
export function nodeSelectorFaults(selector: Readonly<Record<string, string>> = {}): FieldFault[] {
  const own = ['os', 'arch'].find((word) => Object.hasOwn(selector, `kubernetes.io/${word}`))
  if (own === undefined) return []
  return [{ message: `invalid key name "kubernetes.io/${own}"`, paths: ['nodeSelector'], details: `${own} is determined automatically` }]
}
