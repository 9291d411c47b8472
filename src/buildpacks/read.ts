/** Reads modules from a directory, a tar file or the archive of a package. */

import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { indexTarFile, type TarFile } from '../archive/tar/tar-file.ts'
import { CnbError, throwIfAborted } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { FieldReader } from '../formats/field-reader.ts'
import { readTomlFields } from '../formats/toml-fields.ts'
import { isImageArchive, readArchivedImage } from '../images/archive/archive-image.ts'
import { buildpackLayer } from './buildpack-layer.ts'
import type { Buildpack } from './buildpack.ts'
import { readDescriptor, type BuildpackDescriptor, type ModuleKind } from './buildpack-descriptor.ts'
import { readEntryText, type FileTree } from './file-tree.ts'
import type { ModuleReading } from './packages/module-reading.ts'
import { openModuleTree } from './packages/platform-folder.ts'
import { readPackage } from './packages/read-package.ts'

/** The modules at a path, the main one first, and what else they need. */
export interface FoundModules {
  readonly modules: readonly Buildpack[]
  /** The locators of the dependencies in the package.toml next to a buildpack.toml; paths are relative to `directory`. */
  readonly dependencies: readonly string[]
  readonly directory: string
}

/**
 * Reads a buildpack or extension in a directory or tar file, or the modules of a package in an image archive: a .cnb file, the tar of
 * another OCI layout, or the output of `docker save`.
 * @throws CnbError CNB_BUILDPACK_NOT_FOUND, CNB_BUILDPACK_INVALID, CNB_IMAGE_INVALID, CNB_DESCRIPTOR_INVALID with positions, CNB_UNSUPPORTED
 */
export async function readModules(path: string, reading: ModuleReading, context: Context = {}): Promise<FoundModules> {
  throwIfAborted(context.signal)
  const { kind, platform, name = path } = reading
  const tree = await openModuleTree(path, `${kind}.toml`, reading)
  const archive = tree.isDirectory ? undefined : await openImageArchive(path, context, name)
  if (archive) return { modules: readPackage(await readArchivedImage(archive, platform, context), { kind, platform }, context), dependencies: [], directory: path }
  const survey = (await lacksDescriptor(tree, path, kind)) ? await surveyTop(path) : await surveyTree(tree, context)
  const file = `${name}/${kind}.toml`
  const text = survey.texts.get(`${kind}.toml`)
  if (text === undefined) throw noDescriptor(tree, kind, survey)
  const descriptor = readDescriptor(text, file, kind, context)
  checkExecutables(tree, descriptor, survey)
  const layer = await buildpackLayer(descriptor, () => tree.entries(context), context)
  // In an archive, relative paths cannot be resolved.
  const packageToml = tree.isDirectory ? survey.texts.get('package.toml') : undefined
  const { uri = '.', dependencies = [] } = packageToml === undefined ? {} : readDependencies(packageToml, join(path, 'package.toml'), context)
  return { modules: [{ origin: name, descriptor, layer }], dependencies, directory: resolve(path, uri) }
}

/** Returns the index of an image archive, with `name` for messages. Returns undefined for any other file, including one that is not a tar. */
export async function openImageArchive(path: string, { signal }: Context, name = path): Promise<TarFile | undefined> {
  try {
    const tar = await indexTarFile(path, 'CNB_BUILDPACK_INVALID', signal)
    return isImageArchive(tar) ? { ...tar, path: name } : undefined
  } catch (error) {
    throwIfAborted(signal)
    if (error instanceof CnbError && error.code === 'CNB_BUILDPACK_INVALID') return undefined
    throw error
  }
}

interface BuildpackSurvey {
  /** Names of relevant files, without directories. */
  readonly files: ReadonlySet<string>
  /** Directories with a buildpack for one platform, in pack's layout: `linux/amd64`. */
  readonly platforms: ReadonlySet<string>
  /** The texts of descriptors, by name. */
  readonly texts: ReadonlyMap<string, string>
}

/** Whether a directory has neither a descriptor nor folders of platforms: it may be large, such as a home directory. */
async function lacksDescriptor({ isDirectory }: FileTree, path: string, kind: ModuleKind): Promise<boolean> {
  if (!isDirectory) return false
  const names = await readdir(path).catch(() => [])
  return !names.some((name) => name === `${kind}.toml` || PLATFORM_FOLDERS.has(name))
}

/** Surveys only the descriptors of a directory, without reading them. */
async function surveyTop(path: string): Promise<BuildpackSurvey> {
  const names = (await readdir(path)).filter((name) => TEXTS.has(name))
  return { files: new Set(names), platforms: new Set(), texts: new Map(names.map((name) => [name, ''])) }
}

const PLATFORM_FOLDERS = new Set(['linux', 'windows', 'darwin', 'freebsd'])
const TEXTS = new Set(['buildpack.toml', 'extension.toml', 'package.toml'])
const OTHERS = new Set(['bin/detect', 'bin/build'])
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
  const hint = platforms.size > 0 ? platformHint(platforms) : texts.has(`${other}.toml`)
    ? `Use it as ${other === 'extension' ? 'an extension' : 'a buildpack'}, with --${other} or under [[${other}s]] of a builder.toml: it has the file ${other}.toml.`
    : `Pass the directory with the ${kind}.toml, or an archive with it at the root.`
    return new CnbError('CNB_BUILDPACK_INVALID', `cannot find ${kind}.toml in '${path}'`, { hint })
}

function platformHint(platforms: ReadonlySet<string>): string {
  return `Use one of the platforms that it has files for: ${[...platforms].slice(0, 10).join(', ')}.`
}

function checkExecutables({ path }: FileTree, { kind, order }: BuildpackDescriptor, { files, platforms }: BuildpackSurvey): void {
  if (kind === 'extension' || order.length > 0) return
  const missing = ['bin/detect', 'bin/build'].filter((name) => !files.has(name))
  if (missing.length === 0) return
  throw new CnbError('CNB_BUILDPACK_INVALID', `the buildpack '${path}' has no ${missing.join(' and no ')}`, {
    hint:
      platforms.size > 0
        ? platformHint(platforms)
        : 'Add both, or an [[order]] of other buildpacks to its buildpack.toml.',
  })
}

/**
 * Reads the locators of a package.toml's dependencies, and the uri of its buildpack.
 * @throws CnbError CNB_DESCRIPTOR_INVALID with file, line and column
 */
function readDependencies(text: string, file: string, context: Context): { uri: string | undefined; dependencies: string[] } {
  const root = readTomlFields(text, file, context)
  const dependencies = root.tables('dependencies').map((dependency) => {
    const image = dependency.string('image')
    const uri = dependency.string('uri')
    if (image && uri) throw dependency.error('image', 'a dependency has a uri or an image, not both')
    if (image) return image.startsWith('docker:/') ? image : `docker://${image}`
    return uri || fail(dependency)
  })
  const uri = root.table('buildpack')?.string('uri')
  // Only the directory of a path matters: dependencies of a downloaded buildpack are relative to package.toml.
  return { uri: uri === undefined || /^[A-Za-z][A-Za-z0-9+.-]*:/.test(uri) ? undefined : uri, dependencies }
}

function fail(dependency: FieldReader): never {
  throw dependency.error('uri', "a dependency requires a 'uri'")
}
