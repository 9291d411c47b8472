/** buildpack.toml and extension.toml (specification, buildpack.md "buildpack.toml"). */

import type { Context } from '../base/events.ts'
import { isFileName } from '../base/file-name.ts'
import { parseApiVersion } from '../formats/versions.ts'
import type { FieldReader } from '../formats/field-reader.ts'
import { readTomlFields } from '../formats/toml-fields.ts'
import type { GroupEntry, Order } from './order.ts'

export type ModuleKind = 'buildpack' | 'extension'

export interface BuildTarget {
  readonly os?: string
  readonly arch?: string
  readonly variant?: string
  readonly distros?: readonly { readonly name?: string; readonly version?: string }[]
}

/** The metadata of a buildpack in a builder (`ModuleInfo` in pack's labels). */
export interface BuildpackInfo {
  readonly id: string
  readonly version: string
  readonly name?: string
  readonly description?: string
  readonly homepage?: string
  readonly keywords?: readonly string[]
  /** The execution environments that it is for; without any, it is for all. */
  readonly execEnv?: readonly string[]
  readonly licenses?: readonly { readonly type?: string; readonly uri?: string }[]
  readonly clearEnv?: boolean
}

/** A buildpack's descriptor. A composite buildpack has an `order` and neither targets nor stacks. */
export interface BuildpackDescriptor {
  readonly kind: ModuleKind
  readonly api: string
  readonly info: BuildpackInfo
  readonly stacks: readonly { readonly id: string; readonly mixins?: readonly string[] }[]
  readonly targets: readonly BuildTarget[]
  readonly order: Order
}

/** The API of a descriptor without `api`: the first Buildpack API. */
const ASSUMED_API = '0.1'

/** Names of existing directories below `<layers>` (specification, buildpack.md "buildpack.toml"). */
const FORBIDDEN_IDS = new Set(['app', 'config', 'generated', 'sbom'])
/** The characters of the specification, and `_`, which public buildpacks use. */
const ID = /^[A-Za-z0-9._/-]+$/

/**
 * Reads a buildpack.toml or an extension.toml. Unknown keys are ignored: the specification allows buildpacks to add keys.
 * @param file the file's name in errors
 * @throws CnbError CNB_DESCRIPTOR_INVALID with file, line and column
 */
export function readDescriptor(text: string, file: string, kind: ModuleKind, context: Context = {}): BuildpackDescriptor {
  const root = readTomlFields(text, file, context)
  const api = root.string('api') ?? ASSUMED_API
  if (parseApiVersion(api) === undefined) {
    throw root.error('api', `'${api}' is not a Buildpack API version`, 'Use, for example, api = "0.11".')
  }
  const header = root.table(kind)
  if (header === undefined) throw root.error(kind, `missing table [${kind}]`)
  const info = readInfo(header)
  if (!ID.test(info.id)) {
    const message = `${file}: the id '${info.id}' has characters other than letters, digits, '.', '-', '_' and '/'; other platforms may reject it`
    context.events?.({ type: 'warning', message })
  }
  const descriptor = {
    kind,
    api,
    info,
    stacks: root.tables('stacks').map((stack) => ({ id: stack.requiredString('id'), ...some('mixins', stack.strings('mixins')) })),
    targets: root.tables('targets').map(readTarget),
    order: kind === 'buildpack' ? readOrder(root, 'order') : [],
  }
  if (descriptor.order.length > 0 && (descriptor.stacks.length > 0 || descriptor.targets.length > 0)) {
    const key = descriptor.targets.length > 0 ? 'targets' : 'stacks'
    const hint = `Remove ${key}: a composite buildpack runs wherever the buildpacks of its order run.`
    throw root.error(key, `a buildpack has an order or ${key}, not both`, hint)
  }
  return descriptor
}

function readInfo(header: FieldReader): BuildpackInfo {
  const id = header.requiredString('id')
  const problem = idProblem(id)
  if (problem !== undefined) throw header.error('id', problem)
  const version = header.requiredString('version')
  // The version is a directory name in the builder.
  if (!isFileName(version)) throw header.error('version', `'${version}' is not a version`, 'Use, for example, version = "1.2.3".')
  return {
    id,
    version,
    ...some('name', header.string('name')),
    ...some('description', header.string('description')),
    ...some('homepage', header.string('homepage')),
    ...some('keywords', header.strings('keywords')),
    ...some('execEnv', header.strings('exec-env')),
    ...some('licenses', header.tables('licenses').map((license) => ({ type: license.string('type'), uri: license.string('uri') }))),
    ...some('clearEnv', header.boolean('clear-env') || undefined),
  }
}

/** Returns why a label's id or version is not a valid name of a directory; undefined if both are. */
export function infoProblem(id: string, version: string): string | undefined {
  return idProblem(id) ?? (isFileName(version) ? undefined : `${JSON.stringify(version)} is not a version`)
}

/** Returns why `id` is not a valid buildpack id, and thus directory name; undefined if it is valid. */
function idProblem(id: string): string | undefined {
  const isPath = id.split('/').some((part) => part === '' || part === '.' || part === '..')
  if (isPath) return `'${id}' is not a buildpack id: one of its parts is empty, '.' or '..'`
  if (!isFileName(escapeId(id))) return `${JSON.stringify(id)} is not a buildpack id: it is not a valid directory name`
  if (FORBIDDEN_IDS.has(id)) return `'${id}' is not a buildpack id: the lifecycle reserves it`
  return undefined
}

/** Reads a `[[targets]]` table; like the lifecycle, also accepts the older key `arch-variant`. */
export function readTarget(target: FieldReader): BuildTarget {
  return {
    ...some('os', target.string('os')),
    ...some('arch', target.string('arch')),
    ...some('variant', target.string('variant') ?? target.string('arch-variant')),
    ...some('distros', target.tables('distros').map((distro) => ({
      ...some('name', distro.string('name')),
      ...some('version', distro.string('version')),
    }))),
  }
}

/** Reads the `[[targets]]` of a builder.toml or package.toml, where unknown keys are errors. */
export function readStrictTargets(root: FieldReader): BuildTarget[] {
  return root.tables('targets').map((entry) => {
    const target = readTarget(entry)
    for (const distro of entry.tables('distros')) {
      distro.allow('name', 'version')
      distro.rejectUnknown()
    }
    entry.rejectUnknown()
    return target
  })
}

/** Reads a list of groups: `[[order]]` with `[[order.group]]`, or the same structure in JSON. */
export function readOrder(fields: FieldReader, key: string): Order {
  return fields.tables(key).map((group) => ({ group: readGroupEntries(group, 'group') }))
}

/** Reads a list of buildpack references. */
export function readGroupEntries(fields: FieldReader, key: string): GroupEntry[] {
  return fields.tables(key).map((entry) => ({
    id: entry.requiredString('id'),
    ...some('version', entry.string('version')),
    ...some('optional', entry.boolean('optional') || undefined),
  }))
}

/** Returns `{ key: value }`, or an empty object if the value is undefined, an empty string or an empty list. */
function some<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  const empty = value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
  return empty ? {} : ({ [key]: value } as { [P in K]?: V })
}

/** Converts a buildpack's id to a directory name (the lifecycle's EscapeID). */
export function escapeId(id: string): string {
  return id.replaceAll('/', '_')
}
