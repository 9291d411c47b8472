/** kp's dependency descriptor (`kp.kpack.io`), as resources: `pkg/import` of kp. */

import { CnbError } from '../../../base/errors.ts'
import { isTable } from '../../../formats/lenient-values.ts'
import { parseReference } from '../../../oci/reference.ts'
import { parseYamlDocuments } from '../../../formats/yaml/documents.ts'
import { decode, type DecodeFault } from '../../../resources/fields/decode.ts'
import { ANY, listOf, object, STRING, strings } from '../../../resources/fields/schema.ts'
import type { ResourceFile } from '../../../resources/documents.ts'

interface Named {
  readonly name: string
}

interface WithImage extends Named {
  readonly image: string
}

interface Store extends Named {
  readonly sources: readonly { readonly image: string }[]
}

interface Stack extends Named {
  readonly buildImage: { readonly image: string }
  readonly runImage: { readonly image: string }
}

interface Builder extends Named {
  readonly clusterStack: string
  readonly clusterStore: string
  readonly order: unknown
}

/** What all versions of the descriptor say. The default ones are there a second time, under their name in kp. */
export interface Descriptor {
  readonly lifecycles: readonly WithImage[]
  readonly buildpacks: readonly WithImage[]
  readonly stores: readonly Store[]
  readonly stacks: readonly Stack[]
  readonly builders: readonly Builder[]
}

const VERSIONS = ['kp.kpack.io/v1alpha1', 'kp.kpack.io/v1alpha3', 'kp.kpack.io/v1']
const DEFAULT = 'default'
const DEFAULT_LIFECYCLE = 'default-lifecycle'

const IMAGE = strings('image')
const STORES = listOf(object({ name: STRING, sources: listOf(IMAGE) }))
const STACKS = listOf(object({ name: STRING, buildImage: IMAGE, runImage: IMAGE }))
const IMAGES = listOf(strings('name', 'image'))

/** The fields of all versions; `stores` and `stacks` are those of v1alpha1. */
const SCHEMA = object({
  apiVersion: STRING, kind: STRING,
  defaultStack: STRING, defaultClusterStack: STRING, defaultClusterBuilder: STRING, defaultClusterLifecycle: STRING,
  stores: STORES, clusterStores: STORES, stacks: STACKS, clusterStacks: STACKS,
  lifecycle: IMAGE, clusterLifecycles: IMAGES, clusterBuildpacks: IMAGES,
  clusterBuilders: listOf(object({ name: STRING, stack: STRING, store: STRING, clusterStack: STRING, clusterStore: STRING, order: ANY })),
})

interface Fields {
  defaultStack?: string
  defaultClusterStack?: string
  defaultClusterBuilder?: string
  defaultClusterLifecycle?: string
  stores?: Partial<Store>[]
  clusterStores?: Partial<Store>[]
  stacks?: Partial<Stack>[]
  clusterStacks?: Partial<Stack>[]
  lifecycle?: { image?: string }
  clusterLifecycles?: Partial<WithImage>[]
  clusterBuildpacks?: Partial<WithImage>[]
  clusterBuilders?: { name?: string; stack?: string; store?: string; clusterStack?: string; clusterStore?: string; order?: unknown }[]
}

/** Reads a descriptor of any version. @throws CnbError CNB_RESOURCE_INVALID with kp's messages */
export function readDescriptor({ file, text }: ResourceFile): Descriptor {
  const refuse = (cause: string, path: readonly (string | number)[] = [], hint = "Correct the descriptor; kp's documentation has its fields."): never => {
    throw new CnbError('CNB_RESOURCE_INVALID', `cannot import ${file}: ${cause}`, { ...(document ? { position: document.position(path) } : {}), hint })
  }
  const [document, second] = parseYamlDocuments(text, file)
  if (!document || second || !isTable(document.value)) return refuse('it is not one descriptor')
  if (!VERSIONS.includes(String(document.value['apiVersion']))) return refuse(`did not find expected apiVersion, must be one of: [${VERSIONS.join(' ')}]`, ['apiVersion'])
  const faults: DecodeFault[] = []
  const fields = decode(document.value, SCHEMA, faults) as Fields
  const [fault] = faults.filter(({ kind }) => kind !== 'capitals')
  if (fault) return refuse(fault.message, fault.path, fault.hint)
  const named = <T extends Named>(items: readonly T[], what: string, wanted: string | undefined, alias: string): T[] => {
    const names = items.map(({ name }) => name)
    if (names.includes('')) refuse(`${what} name cannot be empty`)
    const twice = names.find((name, at) => names.indexOf(name) !== at)
    if (twice !== undefined) refuse(`duplicate ${what} name '${twice}'`)
    if (!wanted) return [...items]
    const found = items.find(({ name }) => name === wanted) ?? refuse(`default ${what.startsWith('cluster') ? what : `cluster ${what}`} '${wanted}' not found`)
    // It replaces another one of that name, as in kp.
    return [...items.filter(({ name }) => name !== alias), { ...found, name: alias }]
  }
  const { lifecycle, clusterLifecycles = [], clusterStores, stores, clusterStacks, stacks, clusterBuilders = [] } = fields
  const lifecycles = [...clusterLifecycles, ...(lifecycle?.image ? [{ name: DEFAULT_LIFECYCLE, image: lifecycle.image }] : [])]
  const descriptor: Descriptor = {
    lifecycles: named(lifecycles.map(withImage), 'cluster lifecycle', fields.defaultClusterLifecycle, DEFAULT_LIFECYCLE),
    buildpacks: named((fields.clusterBuildpacks ?? []).map(withImage), 'cluster buildpack', undefined, ''),
    stores: named((clusterStores ?? stores ?? []).map(({ name = '', sources = [] }) => ({ name, sources })), 'store', undefined, ''),
    stacks: named(
      (clusterStacks ?? stacks ?? []).map(({ name = '', buildImage, runImage }) => ({ name, buildImage: { image: buildImage?.image ?? '' }, runImage: { image: runImage?.image ?? '' } })),
      'stack', fields.defaultClusterStack ?? fields.defaultStack, DEFAULT,
    ),
    builders: named(
      clusterBuilders.map(({ name = '', stack, store, clusterStack, clusterStore, order }) => ({ name, clusterStack: clusterStack ?? stack ?? '', clusterStore: clusterStore ?? store ?? '', order: order ?? [] })),
      'cluster builder', fields.defaultClusterBuilder, DEFAULT,
    ),
  }
  const wrong = imagesOf(descriptor).find((image) => !isReference(image))
  return wrong === undefined ? descriptor : refuse(`could not parse reference: ${wrong}`)
}

function imagesOf({ lifecycles, buildpacks, stores, stacks }: Descriptor): string[] {
  const sources = [...lifecycles, ...buildpacks, ...stores.flatMap((store) => store.sources), ...stacks.flatMap(({ buildImage, runImage }) => [buildImage, runImage])]
  return sources.map(({ image = '' }) => image)
}

function isReference(image: string): boolean {
  try {
    parseReference(image)
    return true
  } catch {
    return false
  }
}

function withImage({ name = '', image = '' }: Partial<WithImage>): WithImage {
  return { name, image }
}
