/** Reads the buildpacks that somebody brought: a directory, a tar file of one, or a buildpack package (.cnb). */

import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CnbError, throwIfAborted } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { readTomlFields } from '../formats/field-reader.ts'
import { buildpackLayer } from './buildpack-layer.ts'
import type { Buildpack } from './buildpack.ts'
import { readDescriptor, type BuildpackDescriptor, type ModuleKind } from './descriptor.ts'
import { openFileTree, readEntryText, type FileTree } from './file-tree.ts'
import { readPackage } from './package-file.ts'


/** No chain of packages that depend on each other is longer. */
const MAX_DEPENDENCIES = 1000

/**
 * Reads the buildpack at `path`, and those that come with it: what a package holds, or what the package.toml beside a
 * buildpack.toml names by local paths. The one that was asked for is the first.
 * @param kind what is wanted there
 * @throws CnbError CNB_BUILDPACK_NOT_FOUND, CNB_BUILDPACK_INVALID, CNB_DESCRIPTOR_INVALID with positions, CNB_UNSUPPORTED
 */
export async function readBuildpacks(path: string, context: Context = {}, kind: ModuleKind = 'buildpack'): Promise<Buildpack[]> {
  const found: Buildpack[] = []
  const seen = new Set<string>()
  const waiting = [resolve(path)]
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    throwIfAborted(context.signal)
    if (seen.has(next)) continue
    seen.add(next)
    if (seen.size > MAX_DEPENDENCIES) {
      throw new CnbError('CNB_BUILDPACK_INVALID', `'${path}' depends on more than ${MAX_DEPENDENCIES} buildpacks`)
    }
    const { buildpacks, dependencies } = await readOne(next, context, kind)
    found.push(...buildpacks)
    waiting.push(...dependencies)
  }
  return found
}

interface Found {
  readonly buildpacks: readonly Buildpack[]
  /** Paths. */
  readonly dependencies: readonly string[]
}

async function readOne(path: string, context: Context, kind: ModuleKind): Promise<Found> {
  const tree = await openFileTree(path, { invalid: 'CNB_BUILDPACK_INVALID', missing: 'CNB_BUILDPACK_NOT_FOUND' })
  const survey = await surveyTree(tree, context)
  if (survey.files.has('oci-layout')) return { buildpacks: await readPackage(tree, kind, context), dependencies: [] }
  const file = join(path, `${kind}.toml`)
  const text = survey.texts.get(`${kind}.toml`)
  if (text === undefined) throw noDescriptor(tree, kind, survey)
  const descriptor = readDescriptor(text, file, kind, context)
  checkExecutables(tree, descriptor, survey)
  const layer = await buildpackLayer(descriptor, () => tree.entries(context), context)
  // In an archive its relative paths lead nowhere.
  const packageToml = tree.isDirectory ? survey.texts.get('package.toml') : undefined
  const dependencies = packageToml === undefined ? [] : readDependencies(packageToml, join(path, 'package.toml'), context)
  return { buildpacks: [{ origin: path, descriptor, layer }], dependencies: dependencies.map((dependency) => resolve(path, dependency)) }
}

interface BuildpackSurvey {
  /** Names of what is no directory. */
  readonly files: ReadonlySet<string>
  /** Directories with a buildpack for one platform each, as pack packages them: `linux/amd64`. */
  readonly platforms: ReadonlySet<string>
  /** What the descriptors among them say. */
  readonly texts: ReadonlyMap<string, string>
}

const TEXTS = new Set(['buildpack.toml', 'extension.toml', 'package.toml'])
const OTHERS = new Set(['oci-layout', 'bin/detect', 'bin/build'])
const OF_PLATFORM = /^((?:linux|windows|darwin|freebsd)\/.+)\/(?:bin\/(?:build|detect)(?:\.exe|\.bat)?|(?:buildpack|extension)\.toml)$/

async function surveyTree(tree: FileTree, context: Context): Promise<BuildpackSurvey> {
  const files = new Set<string>()
  const texts = new Map<string, string>()
  const platforms = new Set<string>()
  // The walk to the layer tells what was left out; here it would be told twice.
  for await (const entry of tree.entries({ signal: context.signal })) {
    const name = entry.name.toString()
    const platform = OF_PLATFORM.exec(name)?.[1]
    if (platform !== undefined) platforms.add(platform)
    if (entry.type === 'directory' || !(TEXTS.has(name) || OTHERS.has(name))) continue
    files.add(name)
    if (TEXTS.has(name) && entry.type === 'file') texts.set(name, await readEntryText(entry, tree))
  }
  return { files, platforms, texts }
}

function noDescriptor({ path }: FileTree, kind: ModuleKind, { files, texts, platforms }: BuildpackSurvey): CnbError {
  const other = kind === 'buildpack' ? 'extension' : 'buildpack'
  if (files.has(`${kind}.toml`)) {
    const message = `the ${kind}.toml in '${path}' is not a regular file`
    return new CnbError('CNB_BUILDPACK_INVALID', message, { hint: 'Put the file itself there; links are not followed.' })
  }
  const hint = platforms.size > 0 ? platformHint(path, platforms) : texts.has(`${other}.toml`)
    ? `There is a ${other}.toml: name it under [[${other}s]] of a builder.toml.`
    : `Give the directory that has the ${kind}.toml, or an archive with it at its root.`
  return new CnbError('CNB_BUILDPACK_INVALID', `there is no ${kind}.toml in '${path}'`, { hint })
}

/** pack packages each of them by itself. Here a directory is one buildpack. */
function platformHint(path: string, platforms: ReadonlySet<string>): string {
  const [first = ''] = platforms
  const example = `the files of '${join(path, first)}' with the buildpack.toml beside 'bin'`
  return `It has platform folders (${[...platforms].slice(0, 10).join(', ')}), which this version of cnb does not choose from: give a directory for one platform, with ${example}.`
}

function checkExecutables({ path }: FileTree, { kind, order }: BuildpackDescriptor, { files, platforms }: BuildpackSurvey): void {
  if (kind === 'extension' || order.length > 0) return
  const missing = ['bin/detect', 'bin/build'].filter((name) => !files.has(name))
  if (missing.length === 0) return
  throw new CnbError('CNB_BUILDPACK_INVALID', `the buildpack '${path}' has no ${missing.join(' and no ')}`, {
    hint:
      platforms.size > 0
        ? platformHint(path, platforms)
        : 'A buildpack needs both, unless its buildpack.toml has an [[order]] of other buildpacks.',
  })
}

/**
 * The paths of the dependencies that are on this machine, relative to the file. The others are named in warnings: the builder
 * may well have them already, and a builder that lacks them is refused when its orders are checked.
 * @throws CnbError CNB_DESCRIPTOR_INVALID with file, line and column
 */
function readDependencies(text: string, file: string, context: Context): string[] {
  return readTomlFields(text, file, context).tables('dependencies').flatMap((dependency) => {
    const image = dependency.string('image')
    const uri = dependency.string('uri')
    if (image && uri) throw dependency.error('image', 'a dependency has a uri or an image, not both')
    if (!image && !uri) throw dependency.error('uri', "a dependency needs a 'uri'")
    if (uri?.startsWith('file:///')) return [fileURLToPath(uri)]
    if (uri && !/^([A-Za-z][A-Za-z0-9+.-]*:\/|urn:)/.test(uri)) return [uri]
    const message = `${file}: the dependency '${uri || image}' is not fetched; this version of cnb only takes local ones`
    context.events?.({ type: 'warning', message })
    return []
  })
}
