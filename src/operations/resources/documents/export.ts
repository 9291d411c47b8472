/** `cnb export`: the stored resources as their users wrote them, for a cluster or for `cnb apply`. */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { isTable } from '../../../formats/lenient-values.ts'
import { resourceId } from '../../../reconcile/state.ts'
import { isKind, KINDS } from '../../../resources/kind-list.ts'
import type { AnyResource } from '../../../resources/kind.ts'
import { EXISTING_IMAGE } from '../../../resources/kinds/builder.ts'
import { asV1alpha1 } from '../../../resources/kinds/image-v1alpha1.ts'
import { writeYaml } from '../../../resources/write-resource.ts'
import { redacted } from '../../../state/redacted.ts'
import type { Store } from '../../../state/store.ts'
import { selectResources, type SelectOptions } from '../select.ts'
import { asWritten } from './as-written.ts'

export interface ExportOptions extends SelectOptions {
  /** Keeps the values of Secrets. */
  readonly withSecrets?: boolean
}

interface ExportedResource {
  readonly resource: AnyResource
  /** Why a cluster refuses it; none if it does not. */
  readonly refusals: readonly string[]
}

export interface ExportResult {
  readonly resources: readonly ExportedResource[]
  /** Whether values of Secrets are left out. */
  readonly isRedacted: boolean
}

/** Kinds that a cluster makes itself; as a document, a Build would start a pod. */
const DERIVED: ReadonlySet<string> = new Set(['Build', 'SourceResolver'])
const EXPORTED = KINDS.filter(({ kind }) => !DERIVED.has(kind))

/**
 * Returns the selected resources, or all of them; without status and the store's own fields, and what others refer to first.
 * @throws CnbError CNB_USAGE for builds and unknown kinds, CNB_RESOURCE_NOT_FOUND, CNB_STATE_INVALID
 */
export async function exportResources(options: ExportOptions, store: Store, context: Context): Promise<ExportResult> {
  const isAll = options.given.length === 0
  const given = isAll ? [EXPORTED.map(({ plural }) => plural).join(',')] : options.given
  const allNamespaces = options.allNamespaces ?? (isAll && options.namespace === undefined)
  const selected = await selectResources({ ...options, given, allNamespaces }, store, context)
  const derived = selected.find(({ kind }) => DERIVED.has(kind.kind))
  if (derived && given[0]?.toLowerCase() !== 'kpack') {
    throw new CnbError('CNB_USAGE', `cannot export ${derived.kind.plural}: a cluster makes its own`, { hint: 'Export the Images: the cluster builds them.' })
  }
  const written = new Map((await store.list({}, context)).map(({ resource }) => [resourceId(resource), resource]))
  const found = selected.filter(({ kind }) => !DERIVED.has(kind.kind)).flatMap(({ resources }) => resources).flatMap((each) => written.get(resourceId(each)) ?? [])
  const hasSecrets = found.some(({ kind }) => kind === 'Secret')
  const resources = found.map((each) => forCluster(asWritten(each))).map((resource) => ({ resource: options.withSecrets ? resource : withoutValues(resource), refusals: refusalsOf(resource) }))
  return { resources, isRedacted: hasSecrets && !options.withSecrets }
}

/** Formats an export as a stream of documents, with remarks for the reader as comments. */
export function formatExport({ resources, isRedacted }: ExportResult): string {
  const heading = isRedacted ? ["# The values of Secrets are redacted. 'cnb export --with-secrets' writes them.\n"] : []
  const documents = resources.map(({ resource, refusals }) => `${refusals.map((why) => `# A cluster refuses this ${resource.kind}: ${why}\n`).join('')}${writeYaml(resource)}`)
  return heading.join('') + documents.join('---\n')
}

/** kpack accepts these fields of an Image in documents of v1alpha1 only. */
function forCluster(resource: AnyResource): AnyResource {
  const isOld = isKind(resource, 'Image') && (resource.spec.notary ?? resource.spec.build?.cnbBindings) !== undefined
  return (isOld && asV1alpha1(resource)) || resource
}

/** Under `data`, a redacted value is an error for `cnb apply` and for kubectl. */
function withoutValues(resource: AnyResource): AnyResource {
  if (resource.kind !== 'Secret') return resource
  const { data, stringData, ...secret } = resource as AnyResource & { data?: object; stringData?: object }
  return redacted({ ...secret, ...(data || stringData ? { data: { ...data, ...stringData } } : {}) })
}

function refusalsOf(resource: AnyResource): string[] {
  const { metadata: { annotations = {} } } = resource
  const spec = (resource as { spec?: unknown }).spec
  const has = (...path: string[]): boolean => path.reduce<unknown>((value, key) => (isTable(value) ? value[key] : undefined), spec) !== undefined
  return [
    ...(has('source', 'local') ? ['spec.source.local is a directory of this machine. Use git, blob or registry there.'] : []),
    ...(has('orderExtensions') ? ['spec.orderExtensions: only cnb has image extensions.'] : []),
    ...(Object.hasOwn(annotations, EXISTING_IMAGE) ? [`the annotation ${EXISTING_IMAGE}: only cnb takes an existing image as a builder.`] : []),
    ...(has('notary') && resource.apiVersion !== 'kpack.io/v1alpha1' ? ['spec.notary: kpack has it in documents of v1alpha1 only.'] : []),
    ...(has('build', 'cnbBindings') ? ['spec.build.cnbBindings: kpack has them in documents of v1alpha1 only. Use services.'] : []),
  ]
}
