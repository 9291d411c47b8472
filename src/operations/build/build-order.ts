/** The order of a build: from --buildpack, otherwise from project.toml, otherwise the builder's. */

import { access, realpath } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Builder } from '../../builder/builder.ts'
import { checkOrder } from '../../builder/compatibility.ts'
import { checkDirectories, type Buildpack } from '../../buildpacks/buildpack.ts'
import { inlineBuildpack } from '../../buildpacks/inline.ts'
import { parseLocator } from '../../buildpacks/locator.ts'
import { type GroupEntry, type Order, resolveOrder, surroundOrder } from '../../buildpacks/order.ts'
import { readBuildpacks } from '../../buildpacks/read.ts'
import { isInside } from '../named-file.ts'
import type { ProjectBuildpack, ProjectDescriptor } from '../../project/project-descriptor.ts'

export interface ChosenBuildpacks {
  /** Absent if the build uses the builder's order. */
  readonly order?: Order
  /** Buildpacks that are not in the builder. */
  readonly added: readonly Buildpack[]
  /** Whether any added buildpack is not an inline script of project.toml. */
  readonly external: boolean
}

/** The meaning of one locator: a group entry with the buildpacks to add, or the builder's whole order. */
type Choice = { entry: GroupEntry; added: readonly Buildpack[]; external: boolean } | 'builder-order'

/**
 * Returns the order and the buildpacks to add to the builder.
 * @param flags `--buildpack` values; paths are relative to `cwd`
 * @param project the descriptor; its paths are relative to the directory of its file
 * @throws CnbError CNB_BUILDPACK_NOT_FOUND, CNB_BUILDPACK_INVALID, CNB_UNSUPPORTED, CNB_DESCRIPTOR_INVALID
 */
export async function chooseBuildpacks(
  flags: readonly string[],
  project: { descriptor: ProjectDescriptor; file: string } | undefined,
  builder: Builder,
  cwd: string,
  context: Context,
): Promise<ChosenBuildpacks> {
  const { group = [], pre = [], post = [] } = project?.descriptor ?? {}
  const file = resolve(cwd, project?.file ?? 'project.toml')
  const all = async (entries: readonly ProjectBuildpack[]) => {
    const choices: Choice[] = []
    for (const entry of entries) {
      choices.push(await choiceOfEntry(entry, builder, file, context).catch(async (error: unknown) => {
        throw await withoutForeignSource(error, dirname(file))
      }))
    }
    return choices
  }
  const choices: Choice[] = []
  if (flags.length > 0) for (const flag of flags) choices.push(await choiceOfLocator(flag, builder, cwd, context))
  else choices.push(...(await all(group)))
  const before = flags.length > 0 ? [] : await all(pre)
  const after = flags.length > 0 ? [] : await all(post)
  if (choices.length + before.length + after.length === 0) return { added: [], external: false }

  const chosen = [...choices, ...before, ...after].filter((choice) => choice !== 'builder-order')
  const added = chosen.flatMap((choice) => choice.added)
  const order = surroundOrder(choices.length > 0 ? joinChoices(choices, builder.order) : builder.order, entriesOf(before), entriesOf(after))
  const available = [...builder.buildpacks, ...added.map(({ descriptor }) => descriptor.info)]
  if (added.length > 0) checkDirectories(available)
  for (const { descriptor } of added) checkOrder(descriptor, available)
  return { order: resolveOrder(order, available), added, external: chosen.some((choice) => choice.external) }
}

/** Returns one group of all entries. At `from=builder`, the order branches into each of the builder's groups. */
function joinChoices(choices: readonly Choice[], builderOrder: Order): Order {
  return choices.reduce<Order>(
    (order, choice) =>
      choice === 'builder-order'
        ? order.flatMap(({ group }) => builderOrder.map((own) => ({ group: [...group, ...own.group] })))
        : order.map(({ group }) => ({ group: [...group, choice.entry] })),
    [{ group: [] }],
  )
}

function entriesOf(choices: readonly Choice[]): GroupEntry[] {
  return choices.flatMap((choice) => {
    if (choice !== 'builder-order') return [choice.entry]
    throw new CnbError('CNB_USAGE', "'from=builder' is not allowed in io.buildpacks.pre and io.buildpacks.post")
  })
}

async function choiceOfEntry(entry: ProjectBuildpack, builder: Builder, file: string, context: Context): Promise<Choice> {
  if (entry.script) {
    const buildpack = await inlineBuildpack({ id: entry.id ?? '', version: entry.version, ...entry.script }, file)
    return { entry: entryOf(buildpack), added: [buildpack], external: false }
  }
  const id = entry.version ? `${entry.id}@${entry.version}` : (entry.id ?? '')
  return choiceOfLocator(entry.uri ?? `urn:cnb:builder:${id}`, builder, dirname(file), context)
}

async function choiceOfLocator(text: string, builder: Builder, base: string, context: Context): Promise<Choice> {
  const exists = async (path: string): Promise<boolean> => access(resolve(base, path)).then(() => true, () => false)
  const locator = await parseLocator(text, { exists, builder: builder.buildpacks })
  if (locator.type === 'builder-order') return 'builder-order'
  if (locator.type === 'id') return { entry: { id: locator.id, version: locator.version }, added: [], external: false }
  const added = await readBuildpacks(resolve(base, locator.path), context)
  const [main] = added
  if (main === undefined) throw new CnbError('CNB_BUILDPACK_INVALID', `'${text}' contains no buildpack`)
  return { entry: entryOf(main), added, external: true }
}

/** Removes the source line from an error in a file outside `base`: a project.toml may reference any file of this machine. */
async function withoutForeignSource(error: unknown, base: string): Promise<unknown> {
  if (!(error instanceof CnbError) || error.source === undefined || !error.position) return error
  const [file, directory] = await Promise.all([error.position.file, base].map((path) => realpath(path).catch(() => undefined)))
  const isOwn = file !== undefined && directory !== undefined && isInside(file, directory)
  return isOwn ? error : error.withoutSource()
}

function entryOf({ descriptor }: Buildpack): GroupEntry {
  return { id: descriptor.info.id, version: descriptor.info.version }
}
