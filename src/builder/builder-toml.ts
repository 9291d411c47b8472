/** Reads builder.toml, the input of `cnb builder create` (pack's format, as strict as pack). */

import { readGroupEntries, readOrder, readStrictTargets, type BuildTarget } from '../buildpacks/buildpack-descriptor.ts'
import type { FieldReader } from '../formats/field-reader.ts'
import { readTomlFields } from '../formats/toml-fields.ts'
import type { GroupEntry, Order } from '../buildpacks/order.ts'
import type { CnbError } from '../base/errors.ts'
import { parseReference } from '../oci/reference.ts'
import type { RunImageName } from './builder.ts'
import { readBuilderEnv, type EnvFile } from './build-env.ts'
import { readLifecycleLocation, type LifecycleLocation } from './lifecycle/lifecycle-location.ts'

/** A `[[buildpacks]]` or `[[extensions]]` entry; the module at the uri must have the id and version, if set. */
export interface ModuleSource {
  readonly uri: string
  readonly id?: string
  readonly version?: string
}

export interface BuilderConfig {
  readonly description: string
  readonly buildpacks: readonly ModuleSource[]
  readonly extensions: readonly ModuleSource[]
  readonly order: Order
  readonly orderExtensions: Order
  readonly buildImage: string
  /** Files of `/cnb/build-config/env`. */
  readonly buildEnv: readonly EnvFile[]
  /** The first image is the default. */
  readonly runImages: readonly RunImageName[]
  /** The ID of the deprecated stack; empty for a builder with targets. */
  readonly stackId: string
  /** Undefined for the default. */
  readonly lifecycle?: LifecycleLocation | undefined
  readonly targets: readonly BuildTarget[]
  readonly system: { readonly pre: readonly GroupEntry[]; readonly post: readonly GroupEntry[] }
  /** Valid but suspicious content. */
  readonly warnings: readonly string[]
}

/** Fields of a buildpack's descriptor that pack accepts and ignores here. */
const INFORMATION = ['name', 'description', 'homepage', 'keywords', 'licenses', 'exec-env', 'clear-env']

/**
 * Reads a builder.toml. Unknown keys are errors: a typo must not create a builder other than the intended one.
 * @param file the file's name for errors
 * @throws CnbError CNB_DESCRIPTOR_INVALID with file, line and column
 */
export function readBuilderToml(text: string, file: string): BuilderConfig {
  const spelling: string[] = []
  const root = readTomlFields(text, file, { events: (event) => event.type === 'warning' && spelling.push(event.message) })
  const stack = readStack(root)
  const build = root.table('build')
  const env = readBuilderEnv(build?.tables('env') ?? [])
  const order = readStrictOrder(root, 'order')
  const config = {
    description: root.string('description') ?? '',
    buildpacks: readModules(root, 'buildpacks'),
    extensions: readModules(root, 'extensions'),
    order,
    orderExtensions: readStrictOrder(root, 'order-extensions').map(withoutOptional),
    buildImage: readBuildImage(root, build, stack),
    buildEnv: env.files,
    runImages: readRunImages(root, stack),
    stackId: stack?.string('id') ?? '',
    lifecycle: readLifecycleLocation(root),
    targets: readStrictTargets(root),
    system: readSystem(root),
    warnings: [...spelling, ...(order.length > 0 ? [] : [`${file}: [[order]] is missing, so the builder detects no buildpacks by default`]), ...env.warnings],
  }
  for (const table of [build, stack, root]) table?.rejectUnknown()
  return config
}

function readModules(root: FieldReader, key: string): ModuleSource[] {
  return root.tables(key).map((entry) => {
    entry.allow(...INFORMATION)
    const [uri, image] = [entry.string('uri'), entry.string('image')]
    if (uri && image) throw entry.error('image', `an entry of ${key} has a uri or an image, not both`)
    // `image` is the older spelling of a docker:// uri.
    const source = { uri: image ? (image.startsWith('docker:/') ? image : `docker://${image}`) : entry.requiredString('uri'), id: entry.string('id'), version: entry.string('version') }
    entry.rejectUnknown()
    return source
  })
}

function readStrictOrder(root: FieldReader, key: string): Order {
  for (const group of root.tables(key)) {
    rejectUnknownEntries(group, 'group')
    group.rejectUnknown()
  }
  return readOrder(root, key)
}

/** Extensions are always optional: the field has no meaning. */
function withoutOptional({ group }: Order[number]): Order[number] {
  return { group: group.map(({ id, version }) => ({ id, version })) }
}

function rejectUnknownEntries(group: FieldReader, key: string): void {
  for (const entry of group.tables(key)) {
    entry.allow('id', 'version', 'optional', ...INFORMATION)
    entry.rejectUnknown()
  }
}

function readStack(root: FieldReader): FieldReader | undefined {
  const stack = root.table('stack')
  stack?.allow('id', 'build-image', 'run-image', 'run-image-mirrors')
  return stack
}

function readBuildImage(root: FieldReader, build: FieldReader | undefined, stack: FieldReader | undefined): string {
  const image = build?.string('image')
  const ofStack = stack?.string('build-image')
  if (image && ofStack && image !== ofStack) {
    throw (build ?? root).error('image', `build.image '${image}' and stack.build-image '${ofStack}' differ`)
  }
  const found = image || ofStack
  if (!found) throw root.error('build', 'build.image is required', 'Add [build] image = "…" with the image that buildpacks run in.')
  return reference(found, image ? build : stack, image ? 'image' : 'build-image')
}

function readRunImages(root: FieldReader, stack: FieldReader | undefined): RunImageName[] {
  const run = root.table('run')
  const images = (run?.tables('images') ?? []).map((entry) => {
    const image = reference(entry.requiredString('image'), entry, 'image')
    const mirrors = entry.strings('mirrors').map((mirror) => reference(mirror, entry, 'mirrors'))
    entry.rejectUnknown()
    return { image, mirrors }
  })
  run?.rejectUnknown()
  const ofStack = stack?.string('run-image')
  const [first] = images
  if (first !== undefined) {
    if (!ofStack || ofStack === first.image) return images
    throw (stack ?? root).error('run-image', `stack.run-image '${ofStack}' and the first of run.images '${first.image}' differ`)
  }
  if (!stack || !ofStack) {
    throw root.error('run', 'run.images is required', 'Add [[run.images]] image = "…" with the image that apps run on.')
  }
  return [{ image: reference(ofStack, stack, 'run-image'), mirrors: stack.strings('run-image-mirrors') }]
}

/** Checks an image's name where it is read: the error includes its position. */
function reference(name: string, fields: FieldReader | undefined, key: string): string {
  try {
    parseReference(name)
  } catch (error) {
    throw fields?.error(key, (error as CnbError).message, (error as CnbError).hint) ?? error
  }
  return name
}

function readSystem(root: FieldReader): BuilderConfig['system'] {
  const system = root.table('system')
  const read = (key: string): GroupEntry[] => {
    const table = system?.table(key)
    if (!table) return []
    rejectUnknownEntries(table, 'buildpacks')
    table.rejectUnknown()
    return readGroupEntries(table, 'buildpacks')
  }
  const result = { pre: read('pre'), post: read('post') }
  system?.rejectUnknown()
  return result
}
