/** buildpack.toml and extension.toml (specification, buildpack.md "buildpack.toml"). */

import type { Context } from '../base/events.ts'
import { isFileName } from '../base/file-name.ts'
import { parseApiVersion } from '../formats/versions.ts'
import { readTomlFields, type FieldReader } from '../formats/field-reader.ts'
import type { GroupEntry, Order } from './order.ts'

export type ModuleKind = 'buildpack' | 'extension'

export interface BuildTarget {
  readonly os?: string
  readonly arch?: string
  readonly variant?: string
  readonly distros?: readonly { readonly name?: string; readonly version?: string }[]
}

/** What a builder tells of a buildpack (`ModuleInfo` in pack's labels). */
export interface BuildpackInfo {
  readonly id: string
  readonly version: string
  readonly name?: string
  readonly description?: string
  readonly homepage?: string
  readonly keywords?: readonly string[]
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

/** What a descriptor without `api` means (the first Buildpack API). */
const ASSUMED_API = '0.1'

/** Names that directories under `<layers>` have already (specification, buildpack.md "buildpack.toml"). */
const FORBIDDEN_IDS = new Set(['app', 'config', 'generated', 'sbom'])
/** The specification's characters, and `_`, which public buildpacks have. */
const ID = /^[A-Za-z0-9._/-]+$/

/**
 * Reads a buildpack.toml or an extension.toml; unknown keys are left alone, as the specification lets buildpacks have their own.
 * @param file the name that errors tell the user
 * @throws CnbError CNB_DESCRIPTOR_INVALID with file, line and column
 */
export function readDescriptor(text: string, file: string, kind: ModuleKind, context: Context = {}): BuildpackDescriptor {
  const root = readTomlFields(text, file, context)
  const api = root.string('api') ?? ASSUMED_API
  if (parseApiVersion(api) === undefined) {
    throw root.error('api', `'${api}' is not a Buildpack API version`, 'Write for example api = "0.11".')
  }
  const header = root.table(kind)
  if (header === undefined) throw root.error(kind, `there is no [${kind}] table`)
  const info = readInfo(header)
  if (!ID.test(info.id)) {
    const message = `${file}: the id '${info.id}' has other characters than letters, digits, '.', '-', '_' and '/'; other platforms may refuse it`
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
    const hint = 'A composite buildpack runs where the buildpacks of its order run.'
    throw root.error(key, `a buildpack has an order or ${key}, not both`, hint)
  }
  return descriptor
}

function readInfo(header: FieldReader): BuildpackInfo {
  const id = header.requiredString('id')
  const problem = idProblem(id)
  if (problem !== undefined) throw header.error('id', problem)
  const version = header.requiredString('version')
  // It is a directory's name in the builder.
  if (!isFileName(version)) throw header.error('version', `'${version}' is not a version`, 'Write for example version = "1.2.3".')
  return {
    id,
    version,
    ...some('name', header.string('name')),
    ...some('description', header.string('description')),
    ...some('homepage', header.string('homepage')),
    ...some('keywords', header.strings('keywords')),
    ...some('licenses', header.tables('licenses').map((license) => ({ type: license.string('type'), uri: license.string('uri') }))),
    ...some('clearEnv', header.boolean('clear-env') || undefined),
  }
}

/** Why `id` cannot be a buildpack's, whose directories are called by it; undefined when it can. */
function idProblem(id: string): string | undefined {
  const isPath = id.split('/').some((part) => part === '' || part === '.' || part === '..')
  if (isPath) return `'${id}' is not a buildpack id: a part of it is empty or dots`
  if (!isFileName(escapeId(id))) return `${JSON.stringify(id)} is not a buildpack id: no directory can have its name`
  if (FORBIDDEN_IDS.has(id)) return `'${id}' cannot be a buildpack's id: the lifecycle uses that name`
  return undefined
}

/** A `[[targets]]` table; the lifecycle also reads the older key `arch-variant`. */
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

/** A list of groups: `[[order]]` with `[[order.group]]`, or the same shape in JSON. */
export function readOrder(fields: FieldReader, key: string): Order {
  return fields.tables(key).map((group) => ({ group: readGroup(group, 'group') }))
}

/** A list of buildpack references. */
export function readGroup(fields: FieldReader, key: string): GroupEntry[] {
  return fields.tables(key).map((entry) => ({
    id: entry.requiredString('id'),
    ...some('version', entry.string('version')),
    ...some('optional', entry.boolean('optional') || undefined),
  }))
}

/** `{ key: value }`, or nothing when the value is undefined, an empty string or an empty list. */
function some<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  const empty = value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
  return empty ? {} : ({ [key]: value } as { [P in K]?: V })
}

/** A buildpack's id as a directory name (the lifecycle's EscapeID). */
export function escapeId(id: string): string {
  return id.replaceAll('/', '_')
}
