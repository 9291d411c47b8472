/** Reads buildpacks from a directory, a tar file or a buildpack package (.cnb). */

import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CnbError, throwIfAborted } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { readTomlFields } from '../formats/field-reader.ts'
import { buildpackLayer } from './buildpack-layer.ts'
import type { Buildpack } from './buildpack.ts'
import { readDescriptor, type BuildpackDescriptor, type ModuleKind } from './buildpack-descriptor.ts'
import { openFileTree, readEntryText, type FileTree } from './file-tree.ts'
import { readPackage } from './package-file.ts'

/** More than any real chain of dependencies. */
const MAX_DEPENDENCIES = 1000

/**
 * Reads the buildpack at `path` and its dependencies: the other buildpacks of a package, or local paths in the package.toml next to a
 * buildpack.toml. The buildpack at `path` is the first.
 * @param kind the expected kind of module
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

interface FoundTree {
  readonly buildpacks: readonly Buildpack[]
  /** Paths. */
  readonly dependencies: readonly string[]
}

async function readOne(path: string, context: Context, kind: ModuleKind): Promise<FoundTree> {
  const tree = await openFileTree(path, { invalid: 'CNB_BUILDPACK_INVALID', missing: 'CNB_BUILDPACK_NOT_FOUND' })
  const survey = await surveyTree(tree, context)
  if (survey.files.has('oci-layout')) return { buildpacks: await readPackage(tree, kind, context), dependencies: [] }
  const file = join(path, `${kind}.toml`)
  const text = survey.texts.get(`${kind}.toml`)
  if (text === undefined) throw noDescriptor(tree, kind, survey)
  const descriptor = readDescriptor(text, file, kind, context)
  checkExecutables(tree, descriptor, survey)
  const layer = await buildpackLayer(descriptor, () => tree.entries(context), context)
  // In an archive, relative paths cannot be resolved.
  const packageToml = tree.isDirectory ? survey.texts.get('package.toml') : undefined
  const dependencies = packageToml === undefined ? [] : readDependencies(packageToml, join(path, 'package.toml'), context)
  return { buildpacks: [{ origin: path, descriptor, layer }], dependencies: dependencies.map((dependency) => resolve(path, dependency)) }
}

interface BuildpackSurvey {
  /** Names of relevant files, without directories. */
  readonly files: ReadonlySet<string>
  /** Directories with a buildpack for one platform, in pack's layout: `linux/amd64`. */
  readonly platforms: ReadonlySet<string>
  /** The texts of descriptors, by name. */
  readonly texts: ReadonlyMap<string, string>
}

const TEXTS = new Set(['buildpack.toml', 'extension.toml', 'package.toml'])
const OTHERS = new Set(['oci-layout', 'bin/detect', 'bin/build'])
const OF_PLATFORM = /^((?:linux|windows|darwin|freebsd)\/.+)\/(?:bin\/(?:build|detect)(?:\.exe|\.bat)?|(?:buildpack|extension)\.toml)$/

async function surveyTree(tree: FileTree, context: Context): Promise<BuildpackSurvey> {
  const files = new Set<string>()
  const texts = new Map<string, string>()
  const platforms = new Set<string>()
  // Creating the layer reports skipped files; no events here, to avoid duplicates.
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
    return new CnbError('CNB_BUILDPACK_INVALID', message, { hint: 'Replace the link by the file itself; links are not followed.' })
  }
  const hint = platforms.size > 0 ? platformHint(path, platforms) : texts.has(`${other}.toml`)
    ? `List it under [[${other}s]] of a builder.toml: it has a ${other}.toml.`
    : `Pass the directory with the ${kind}.toml, or an archive with it at the root.`
    return new CnbError('CNB_BUILDPACK_INVALID', `cannot find ${kind}.toml in '${path}'`, { hint })
}

/** pack creates a package for each platform; in cnb a directory is a single buildpack. */
function platformHint(path: string, platforms: ReadonlySet<string>): string {
  const [first = ''] = platforms
  const example = `the files of '${join(path, first)}' and the buildpack.toml next to 'bin'`
  return `Pass a directory for a single platform, with ${example}: cnb does not select from platform folders (${[...platforms].slice(0, 10).join(', ')}).`
}

function checkExecutables({ path }: FileTree, { kind, order }: BuildpackDescriptor, { files, platforms }: BuildpackSurvey): void {
  if (kind === 'extension' || order.length > 0) return
  const missing = ['bin/detect', 'bin/build'].filter((name) => !files.has(name))
  if (missing.length === 0) return
  throw new CnbError('CNB_BUILDPACK_INVALID', `the buildpack '${path}' has no ${missing.join(' and no ')}`, {
    hint:
      platforms.size > 0
        ? platformHint(path, platforms)
        : 'Add both, or an [[order]] of other buildpacks to its buildpack.toml.',
  })
}

/**
 * Returns the paths of local dependencies, relative to the file. Others are reported as warnings: the builder may already have them,
 * and the check of its orders rejects a builder that lacks them.
 * @throws CnbError CNB_DESCRIPTOR_INVALID with file, line and column
 */
function readDependencies(text: string, file: string, context: Context): string[] {
  return readTomlFields(text, file, context).tables('dependencies').flatMap((dependency) => {
    const image = dependency.string('image')
    const uri = dependency.string('uri')
    if (image && uri) throw dependency.error('image', 'a dependency has a uri or an image, not both')
    if (!image && !uri) throw dependency.error('uri', "a dependency requires a 'uri'")
    if (uri?.startsWith('file:///')) return [fileURLToPath(uri)]
    if (uri && !/^([A-Za-z][A-Za-z0-9+.-]*:\/|urn:)/.test(uri)) return [uri]
    const message = `${file}: the dependency '${uri || image}' is not fetched; this version of cnb supports only local dependencies`
    context.events?.({ type: 'warning', message })
    return []
  })
}
