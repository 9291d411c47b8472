/** The order of a build: from --buildpack, otherwise from project.toml, otherwise the builder's. */

import { access, realpath } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Builder } from '../../builder/builder.ts'
import { checkAdded } from '../../builder/compatibility.ts'
import { checkDirectories, uniqueModules, type Buildpack } from '../../buildpacks/buildpack.ts'
import type { ModuleKind } from '../../buildpacks/buildpack-descriptor.ts'
import { inlineBuildpack } from '../../buildpacks/inline.ts'
import { parseLocator } from '../../buildpacks/locator.ts'
import type { ModuleSources } from '../../buildpacks/module-sources.ts'
import { type AvailableBuildpack, checkOrders, type GroupEntry, type Order, resolveOrder, surroundOrder } from '../../buildpacks/order.ts'
import type { BuildOrder } from '../../lifecycle/lifecycle.ts'
import { isInside } from '../named-file.ts'
import type { ProjectBuildpack, ProjectDescriptor } from '../../project/project-descriptor.ts'

export interface ChosenBuildpacks {
  /** Absent if the build uses the builder's order and extensions. */
  readonly order?: BuildOrder
  /** Buildpacks and extensions that are not in the builder. */
  readonly added: readonly Buildpack[]
  /** Whether any added module is not an inline script of project.toml. */
  readonly external: boolean
}

/** The user's locators. Those of options replace those of the project descriptor. */
export interface WantedModules {
  /** `--buildpack`: replaces the builder's order. */
  readonly buildpacks: readonly string[]
  /** `--pre-buildpack` and `--post-buildpack`: surround each group of the builder's order. */
  readonly pre: readonly string[]
  readonly post: readonly string[]
  /** Reverses the buildpacks before each group. */
  readonly reversePre?: boolean
  /** `--extension`: replaces the builder's extensions. */
  readonly extensions: readonly string[]
  readonly project: { readonly descriptor: ProjectDescriptor; readonly file: string } | undefined
}

/** The builder, and what reads modules from outside it. */
export interface OrderServices {
  readonly builder: Builder
  readonly sources: ModuleSources
  /** The base of relative paths in options; those of the descriptor are relative to the directory of its file. */
  readonly cwd: string
}

/** The meaning of one locator: a group entry with the modules to add, or the builder's whole order. */
type Choice = { entry: GroupEntry; added: readonly Buildpack[]; external: boolean } | 'builder-order'

/**
 * Returns the order and the modules to add to the builder.
 * @throws CnbError CNB_BUILDPACK_NOT_FOUND, CNB_BUILDPACK_INVALID, CNB_DESCRIPTOR_INVALID, and the errors of the sources
 */
export async function chooseBuildpacks(wanted: WantedModules, services: OrderServices, context: Context): Promise<ChosenBuildpacks> {
  const { builder, cwd } = services
  const { group = [], pre = [], post = [] } = wanted.project?.descriptor ?? {}
  const file = resolve(cwd, wanted.project?.file ?? 'project.toml')
  const ofFlags = (flags: readonly string[], kind: ModuleKind = 'buildpack') =>
    inTurn(flags, (flag) => choiceOfLocator(flag, kind, cwd, services, context))
  const ofProject = (entries: readonly ProjectBuildpack[]) =>
    inTurn(entries, async (entry) => choiceOfEntry(entry, file, services, context).catch(async (error: unknown) => {
      throw await withoutForeignSource(error, dirname(file))
    }))
  const choose = (flags: readonly string[], entries: readonly ProjectBuildpack[]) => (flags.length > 0 ? ofFlags(flags) : ofProject(entries))

  const choices = await choose(wanted.buildpacks, group)
  // An order of the user's own is complete, as in pack.
  const before = wanted.buildpacks.length > 0 ? [] : await choose(wanted.pre, pre)
  const after = wanted.buildpacks.length > 0 ? [] : await choose(wanted.post, post)
  const extensions = await ofFlags(wanted.extensions, 'extension')
  const chosen = [...choices, ...before, ...after, ...extensions].filter((choice) => choice !== 'builder-order')
  const added = addedModules(chosen, builder)
  const main = chosen.flatMap((choice) => (choice.external ? choice.added.slice(0, 1) : []))
  for (const message of checkAdded(added, main, builder)) context.events?.({ type: 'warning', message })
  const external = chosen.some((choice) => choice.external)
  if (choices.length + before.length + after.length + extensions.length === 0) return { added, external }
  const own = choices.length > 0 ? joinChoices(choices, builder.order) : builder.order
  const buildpacks = surroundOrder(own, entriesOf(wanted.reversePre ? before.toReversed() : before), entriesOf(after))
  const orderExtensions = extensions.length > 0 ? [{ group: entriesOf(extensions) }] : builder.orderExtensions
  return {
    order: {
      buildpacks: resolveOrder(buildpacks, [...builder.buildpacks, ...infosOf(added, 'buildpack')]),
      extensions: resolveOrder(orderExtensions, [...builder.extensions, ...infosOf(added, 'extension')], 'extension'),
    },
    added,
    external,
  }
}

/** Runs `choose` for one item after the other: errors and progress appear in the order of the items. */
async function inTurn<T>(items: readonly T[], choose: (item: T) => Promise<Choice>): Promise<Choice[]> {
  const choices: Choice[] = []
  for (const item of items) choices.push(await choose(item))
  return choices
}

/** Returns the modules to add, each once, after a check of their directories and orders. */
function addedModules(chosen: readonly Exclude<Choice, 'builder-order'>[], builder: Builder): Buildpack[] {
  const ofKind = (kind: ModuleKind): Buildpack[] => uniqueModules(chosen.flatMap((choice) => choice.added).filter(({ descriptor }) => descriptor.kind === kind))
  const [buildpacks, extensions] = [ofKind('buildpack'), ofKind('extension')]
  const available = [...builder.buildpacks, ...infosOf(buildpacks, 'buildpack')]
  if (buildpacks.length > 0) checkDirectories(available)
  if (extensions.length > 0) checkDirectories([...builder.extensions, ...infosOf(extensions, 'extension')])
  checkOrders(buildpacks.map(({ descriptor }) => descriptor), available)
  return [...buildpacks, ...extensions]
}

function infosOf(modules: readonly Buildpack[], kind: ModuleKind): AvailableBuildpack[] {
  return modules.filter(({ descriptor }) => descriptor.kind === kind).map(({ descriptor }) => descriptor.info)
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
    throw new CnbError('CNB_USAGE', "cannot use 'from=builder' here: it is allowed in --buildpack and in [[io.buildpacks.group]] only", {
      hint: 'Remove it.',
    })
  })
}

async function choiceOfEntry(entry: ProjectBuildpack, file: string, services: OrderServices, context: Context): Promise<Choice> {
  if (entry.script) {
    const buildpack = await inlineBuildpack({ id: entry.id ?? '', version: entry.version, ...entry.script }, file)
    return { entry: entryOf(buildpack), added: [buildpack], external: false }
  }
  const id = entry.version ? `${entry.id}@${entry.version}` : (entry.id ?? '')
  return choiceOfLocator(entry.uri ?? `urn:cnb:builder:${id}`, 'buildpack', dirname(file), services, context)
}

async function choiceOfLocator(text: string, kind: ModuleKind, base: string, { builder, sources }: OrderServices, context: Context): Promise<Choice> {
  const exists = async (path: string): Promise<boolean> => access(resolve(base, path)).then(() => true, () => false)
  const locator = await parseLocator(text, { exists, builder: kind === 'extension' ? builder.extensions : builder.buildpacks })
  if (locator.type === 'builder-order') return 'builder-order'
  if (locator.type === 'id') return { entry: { id: locator.id, version: locator.version }, added: [], external: false }
  const added = await sources.read(locator, base, { kind, platform: builder.image.platform }, context)
  const [main] = added
  if (main === undefined) throw new CnbError('CNB_BUILDPACK_INVALID', `'${text}' contains no ${kind}`)
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
