/** The spec of a Builder or ClusterBuilder from kp's options. */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { parseYamlDocuments } from '../../../formats/yaml/documents.ts'
import type { Builder, BuilderSpec, BuilderTemplate, ClusterBuilder } from '../../../resources/kinds/builder.ts'
import type { RegistryOptions } from '../../config/registry-settings.ts'
import type { RegistryServices } from '../../services.ts'
import { readResourceFile } from '../files/resource-files.ts'
import { accountReference, type AccountOptions } from './base-specs.ts'
import { orderOf } from './read-image.ts'
import { usage } from './usage.ts'

type Order = NonNullable<BuilderTemplate['order']>

export interface OrderOptions {
  /** A YAML file with the order; `-` for standard input. */
  readonly order?: string
  /** One group: `ID` or `ID@VERSION`. */
  readonly buildpacks?: readonly string[]
  /** A builder image with the order. */
  readonly orderFrom?: string
}

export interface BuilderOptions extends OrderOptions, AccountOptions {
  readonly tag?: string
  readonly stack?: string
  readonly store?: string
}

/** Returns the order that the options name; undefined if they name none. @throws CnbError CNB_USAGE, CNB_RESOURCE_INVALID, and those of orderOf */
export async function readOrder(
  { order, buildpacks = [], orderFrom, ...registries }: OrderOptions & RegistryOptions, services: RegistryServices, input: AsyncIterable<Buffer>, context: Context,
): Promise<Order | undefined> {
  if ([order, buildpacks[0], orderFrom].filter((each) => each !== undefined).length > 1) throw usage('only one of --order, --buildpack, or --order-from can be specified', 'Leave the others out.')
  if (orderFrom !== undefined) return orderOf(orderFrom, registries, services, context)
  if (buildpacks.length > 0) return [{ group: buildpacks.map(buildpackOf) }]
  if (order === undefined) return undefined
  const file = await readResourceFile(order, { cwd: services.host.cwd, input }, context)
  const [document, more] = parseYamlDocuments(file.text, file.file)
  if (more || !Array.isArray(document?.value)) throw new CnbError('CNB_RESOURCE_INVALID', `cannot read ${order}: it is not one list of groups`, { hint: "Write '- group: [{id: some/buildpack}]'." })
  // The check of the whole resource follows.
  return document.value as Order
}

function buildpackOf(name: string): { id: string; version?: string } {
  const at = name.indexOf('@')
  if (name === '' || at === 0) throw usage(`cannot read the buildpack '${name}': it has no ID`, 'Write ID or ID@VERSION.')
  return at < 0 ? { id: name } : { id: name.slice(0, at), version: name.slice(at + 1) }
}

function templateOf(before: BuilderTemplate | undefined, { tag = before?.tag, stack, store }: BuilderOptions, order: Order | undefined): BuilderTemplate {
  if (tag === undefined) throw usage('--tag is required to create the resource', 'Add --tag with the name of the builder image.')
  const changed = order ?? before?.order
  return {
    ...before,
    tag,
    stack: stack === undefined ? (before?.stack ?? { kind: 'ClusterStack', name: 'default' }) : { kind: 'ClusterStack', name: stack },
    ...(store === undefined ? {} : { store: { kind: 'ClusterStore', name: store } }),
    ...(changed ? { order: changed } : {}),
  }
}

/** @param order replaces that of the builder */
export function builderSpec(before: Builder | undefined, options: BuilderOptions, order: Order | undefined): BuilderSpec {
  const account = options.serviceAccount ?? (before ? undefined : 'default')
  return { ...before?.spec, ...templateOf(before?.spec, options, order), ...(account === undefined ? {} : { serviceAccountName: account }) }
}

/** As builderSpec. kpack wants a service account, so there is a default. */
export function clusterBuilderSpec(before: ClusterBuilder | undefined, options: BuilderOptions, order: Order | undefined): ClusterBuilder['spec'] {
  const serviceAccountRef = accountReference(options) ?? before?.spec.serviceAccountRef ?? { name: 'default', namespace: 'default' }
  return { ...templateOf(before?.spec, options, order), serviceAccountRef }
}
