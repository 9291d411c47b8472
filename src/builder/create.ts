/** Plans a builder image: layers and labels in pack's order (pack's internal/builder/builder.go). */

import { makeTarLayer } from '../archive/tar/tar-layer.ts'
import type { TarEntry } from '../archive/tar/tar-writer.ts'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { Buildpack } from '../buildpacks/buildpack.ts'
import type { ModuleKind } from '../buildpacks/buildpack-descriptor.ts'
import { formatEntry, resolveOrder, type AvailableBuildpack, type GroupEntry } from '../buildpacks/order.ts'
import { compareBytes } from '../formats/go/json.ts'
import type { Image, ImagePlan, Layer } from '../images/image.ts'
import { readStackId, STACK_MIXINS_LABEL } from '../images/labels/label-names.ts'
import { labelOf, readLabels } from '../images/labels/read-labels.ts'
import type { HistoryEntry, ImageConfig } from '../oci/config.ts'
import { CONSTANT_MTIME, CONSTANT_TIME } from '../oci/constant-time.ts'
import type { Digest } from '../oci/digest.ts'
import type { Tag } from '../oci/reference.ts'
import type { EnvFile } from './build-env.ts'
import { flattenModules, warnOfUnknown, type FlattenGroup } from './flatten.ts'
import { readBuildUser } from './build-user.ts'
import { builderLabels, type BuilderContents } from './builder-labels.ts'
import { checkBuildpacks } from './compatibility.ts'
import { orderToml, runToml, stackToml, systemToml } from './lifecycle-files.ts'

export interface BuilderRecipe extends BuilderContents {
  readonly buildImage: Image
  readonly buildEnv: readonly EnvFile[]
  /** Additional labels from the command line. */
  readonly labels: Readonly<Record<string, string>>
  readonly tags: readonly Tag[]
  /** Modules that share a layer, `id@version`. */
  readonly flatten?: readonly FlattenGroup[]
}

interface NamedLayer {
  readonly layer: Layer
  /** The layer's text in the image's history. */
  readonly text: string
}

/**
 * Plans a builder. The same recipe results in the same bytes.
 * @returns the plan, and warnings
 * @throws CnbError CNB_BUILDER_INVALID for an invalid build image, CNB_BUILDPACK_NOT_FOUND, CNB_BUILDPACK_INVALID
 */
export async function planBuilder(recipe: BuilderRecipe, context: Context = {}): Promise<{ plan: ImagePlan; warnings: string[] }> {
  const { buildImage } = recipe
  const user = readBuildUser(buildImage)
  checkStack(recipe)
  const buildpacks = withoutRepetitions(recipe.buildpacks)
  const extensions = withoutRepetitions(recipe.extensions)
  const flat = await flattenModules([...buildpacks.kept, ...extensions.kept], recipe.flatten ?? [], context)
  const ofKind = (kind: ModuleKind): Buildpack[] => flat.modules.filter(({ descriptor }) => descriptor.kind === kind)
  const contents = { ...recipe, buildpacks: ofKind('buildpack'), extensions: ofKind('extension') }
  const warnings = [
    ...buildpacks.warnings,
    ...extensions.warnings,
    ...warnOfUnknown(recipe.flatten ?? [], flat.modules),
    ...checkBuildpacks(contents.buildpacks, recipe.lifecycle, buildImage),
    ...checkBuildpacks(contents.extensions, recipe.lifecycle, buildImage),
  ]
  const added = await builderLayers({ ...recipe, ...contents }, flat.flattened, user, context)
  const layers = [...buildImage.layers, ...added.map(({ layer }) => layer)]
  return { plan: { base: buildImage, config: builderConfig(recipe, contents, added), layers, tags: recipe.tags }, warnings }
}

function checkStack({ stackId, buildImage }: BuilderRecipe): void {
  // The label is copied to the builder unchanged; a malformed label would make the builder unreadable.
  readLabels(buildImage, [STACK_MIXINS_LABEL], 'CNB_BUILDER_INVALID').strings(STACK_MIXINS_LABEL)
  const own = readStackId(buildImage)
  if (stackId === '' || stackId === own) return
  const message = `the build image '${buildImage.reference}' has stack '${own}', but builder.toml has stack '${stackId}'`
  throw new CnbError('CNB_BUILDER_INVALID', message, {
    hint: 'Use a build image with that stack, or remove [stack].',
  })
}

/** Returns one buildpack for each id and version. If two have different files, the last is used, as in pack. */
function withoutRepetitions(buildpacks: readonly Buildpack[]): { kept: Buildpack[]; warnings: string[] } {
  const kept = new Map<string, Buildpack>()
  const warnings: string[] = []
  for (const buildpack of buildpacks) {
    const name = formatEntry(buildpack.descriptor.info)
    const other = kept.get(name)
    const differs = other !== undefined && other.layer.diffId !== buildpack.layer.diffId
    if (differs) warnings.push(`'${name}' is specified twice with different files; the last is used`)
    kept.set(name, buildpack)
  }
  return { kept: [...kept.values()], warnings }
}

async function builderLayers(recipe: BuilderRecipe, flattened: ReadonlySet<Digest>, user: { uid: number; gid: number }, { signal }: Context): Promise<NamedLayer[]> {
  const { buildpacks, extensions, lifecycle, system, runImages, buildEnv } = recipe
  const available = infosOf(buildpacks)
  const order = resolveOrder(recipe.order, available)
  const orderExtensions = resolveOrder(recipe.orderExtensions, infosOf(extensions), 'extension')
  const resolved = (group: readonly GroupEntry[]): GroupEntry[] => resolveOrder([{ group }], available).flatMap((entry) => entry.group)
  const hasSystem = system.pre.length + system.post.length > 0
  const file = async (name: string, content: string): Promise<NamedLayer> => {
    return { layer: await filesLayer([{ name, content }], '/cnb', signal), text: name }
  }
  return [
    { layer: await directoriesLayer(user, ROOT_DIRECTORIES, signal), text: 'directories' },
    { layer: lifecycle.layer, text: `lifecycle ${lifecycle.version}` },
    ...moduleLayers(buildpacks, flattened),
    ...moduleLayers(extensions, flattened),
    await file('order.toml', orderToml(order, orderExtensions)),
    ...(hasSystem ? [await file('system.toml', systemToml({ pre: resolved(system.pre), post: resolved(system.post) }))] : []),
    await file('stack.toml', stackToml(runImages[0])),
    await file('run.toml', runToml(runImages)),
    ...(buildEnv.length > 0 ? [{ layer: await filesLayer(buildEnv, '/cnb/build-config/env', signal), text: 'build-config env' }] : []),
    // Always present and empty: variables of the platform belong to a build.
    { layer: await filesLayer([], '/platform/env', signal), text: 'platform env' },
  ]
}

/** Returns the layers sorted by name, flattened ones first, as in pack; a layer that several modules share is included once. */
function moduleLayers(buildpacks: readonly Buildpack[], flattened: ReadonlySet<Digest>): NamedLayer[] {
  const layers = new Map<Digest, NamedLayer>()
  const named = buildpacks.map(({ descriptor, layer }) => ({ layer, text: `${descriptor.kind} ${formatEntry(descriptor.info)}` }))
  for (const each of named.sort((a, b) => Number(flattened.has(b.layer.diffId)) - Number(flattened.has(a.layer.diffId)) || compareBytes(a.text, b.text))) {
    if (!layers.has(each.layer.diffId)) layers.set(each.layer.diffId, each)
  }
  return [...layers.values()]
}

function infosOf(buildpacks: readonly Buildpack[]): AvailableBuildpack[] {
  return buildpacks.map(({ descriptor }) => descriptor.info)
}

function builderConfig(recipe: BuilderRecipe, contents: BuilderContents, added: readonly NamedLayer[]): ImageConfig {
  const { buildImage, labels, stackId } = recipe
  const base = buildImage.config
  const env = base.config.Env ?? []
  const id = stackId || readStackId(buildImage)
  return {
    ...base,
    created: CONSTANT_TIME,
    config: {
      ...base.config,
      Env: id === '' || env.some((entry) => entry.startsWith('CNB_STACK_ID=')) ? env : [...env, `CNB_STACK_ID=${id}`],
      WorkingDir: '/layers',
      Labels: { ...buildImage.labels, ...labels, ...builderLabels(contents, labelOf(buildImage, STACK_MIXINS_LABEL)) },
    },
    rootfs: { type: 'layers', diff_ids: [...buildImage.layers.map(({ diffId }) => diffId), ...added.map(({ layer }) => layer.diffId)] },
    history: [...historyOfBase(buildImage), ...added.map(({ text }) => ({ created: CONSTANT_TIME, created_by: `cnb: ${text}` }))],
  }
}

/** Returns the base's history. Engines reject an image with a different number of layers and of history entries with layers. */
export function historyOfBase({ config, layers }: Image): HistoryEntry[] {
  const history = config.history ?? []
  return history.filter((entry) => !entry.empty_layer).length === layers.length ? history : layers.map(() => ({}))
}

const ROOT = { uid: 0, gid: 0, mtime: CONSTANT_MTIME }
const DIRECTORY = { ...ROOT, type: 'directory', mode: 0o755 } as const
const ROOT_DIRECTORIES = [
  '/cnb',
  '/cnb/buildpacks',
  '/cnb/extensions',
  '/platform',
  '/platform/env',
  '/cnb/build-config',
  '/cnb/build-config/env',
]

/** The build user's directories, then root's. */
export function directoriesLayer(user: { uid: number; gid: number }, directories: readonly string[], signal?: AbortSignal): Promise<Layer> {
  const entries = [
    ...['/workspace', '/layers'].map((name): TarEntry => ({ ...DIRECTORY, name, uid: user.uid, gid: user.gid })),
    ...directories.map((name): TarEntry => ({ ...DIRECTORY, name })),
  ]
  return makeTarLayer(() => entries, { signal })
}

/** A layer with files of root, in the given order. */
export function filesLayer(files: readonly EnvFile[], directory: string, signal?: AbortSignal): Promise<Layer> {
  const entries = files.map(({ name, content }): TarEntry => {
    const bytes = Buffer.from(content)
    return { ...ROOT, type: 'file', name: `${directory}/${name}`, mode: 0o644, size: bytes.length, content: bytes }
  })
  return makeTarLayer(() => entries, { signal })
}
