/** Resources as the views read them: plain data, of which only the metadata has a fixed form. */

export interface ResourceRow {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly creationTimestamp?: string
  }
}

/** Returns the value at a path of keys; undefined if it is absent. */
export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((found, key) => (isRecord(found) && Object.hasOwn(found, key) ? found[key] : undefined), value)
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Returns the group of a resource; empty for Kubernetes' core. */
function groupOf({ apiVersion }: ResourceRow): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
}

/** Returns `image.kpack.io/app`, or `secret/registry` for the core group, as kubectl prints names. */
export function resourceName(resource: ResourceRow): string {
  const group = groupOf(resource)
  return `${resource.kind.toLowerCase()}${group === '' ? '' : `.${group}`}/${resource.metadata.name}`
}

/** Returns the list as kubectl prints several resources in YAML and JSON. */
export function resourceList(resources: readonly ResourceRow[]): object {
  return { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items: resources }
}
