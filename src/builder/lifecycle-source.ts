/** Reads a builder's lifecycle from a directory or from a release archive of buildpacks/lifecycle. */

import { knownTarLayer, makeTarLayer } from '../archive/tar/tar-layer.ts'
import type { TarEntry } from '../archive/tar/tar-writer.ts'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { openFileTree, readEntryText, type FileTree, type TreeEntry } from '../buildpacks/file-tree.ts'
import type { Layer } from '../images/image.ts'
import { CONSTANT_MTIME } from '../oci/constant-time.ts'
import type { Digest } from '../oci/digest.ts'
import { readLifecycleToml, type LifecycleDescriptor } from './lifecycle-toml.ts'

export interface LifecycleSource extends LifecycleDescriptor {
  /** `/cnb/lifecycle` with the binaries, and `/lifecycle` as a link to it. */
  readonly layer: Layer
}

/** The binaries that every build needs (pack's list); extender and rebaser are optional. */
const REQUIRED = ['analyzer', 'builder', 'creator', 'detector', 'exporter', 'launcher', 'restorer']

const ROOT = { uid: 0, gid: 0, mtime: CONSTANT_MTIME }
const HINT = 'Use a release of buildpacks/lifecycle, as .tgz or unpacked: a lifecycle.toml, and a directory with the binaries.'

/**
 * Reads a lifecycle: `lifecycle.toml` at the root; the binaries at the root too, or in one directory below it, as in a release.
 * @throws CnbError CNB_LIFECYCLE_INVALID for a missing or invalid file, CNB_DESCRIPTOR_INVALID with a position in lifecycle.toml
 */
export async function readLifecycle(path: string, context: Context = {}): Promise<LifecycleSource> {
  const tree = await openFileTree(path, { invalid: 'CNB_LIFECYCLE_INVALID', missing: 'CNB_LIFECYCLE_INVALID' })
  return readLifecycleTree(tree, context)
}

/**
 * Reads a lifecycle from the files of a release; `tree.path` is its name in messages.
 * @param known the descriptor, if it is known without lifecycle.toml
 * @param remember returns what `survey` returned for the same files before, or else its result
 * @throws CnbError as `readLifecycle`
 */
export async function readLifecycleTree(
  tree: FileTree,
  context: Context,
  known?: LifecycleDescriptor,
  remember: (survey: () => Promise<LifecycleSurvey>) => Promise<LifecycleSurvey> = (survey) => survey(),
): Promise<LifecycleSource> {
  const { toml, directory, ...layer } = await remember(() => surveyTree(tree, context, known === undefined))
  const descriptor = known ?? readLifecycleToml(toml ?? '', `${tree.path}/lifecycle.toml`, context)
  return { ...descriptor, layer: knownTarLayer(layer, () => layerEntries(tree, directory, context)) }
}

function withoutToml({ path }: FileTree): CnbError {
  return new CnbError('CNB_LIFECYCLE_INVALID', `there is no lifecycle.toml in '${path}'`, { hint: HINT })
}

/** What two passes over the files find: the second makes the layer. */
export interface LifecycleSurvey {
  /** The text of lifecycle.toml. */
  readonly toml?: string | undefined
  /** The directory of the binaries. */
  readonly directory: string
  readonly diffId: Digest
  /** The layer's size in bytes. */
  readonly size: number
}

async function surveyTree(tree: FileTree, context: Context, needsToml: boolean): Promise<LifecycleSurvey> {
  const { toml, files } = await listFiles(tree, context)
  if (needsToml && toml === undefined) throw withoutToml(tree)
  const directory = chooseDirectory(tree.path, files)
  const { diffId, size } = await makeTarLayer(() => layerEntries(tree, directory, context), { signal: context.signal })
  return { toml, directory, diffId, size }
}

interface LifecycleFiles {
  readonly toml: string | undefined
  /** Names of files and links, by their directory; the root is empty. */
  readonly files: ReadonlyMap<string, ReadonlySet<string>>
}

async function listFiles(tree: FileTree, { signal }: Context): Promise<LifecycleFiles> {
  let toml: string | undefined
  const files = new Map<string, Set<string>>()
  for await (const entry of tree.entries({ signal })) {
    const found = split(entry)
    if (found === undefined || entry.type === 'directory') continue
    files.set(found.directory, (files.get(found.directory) ?? new Set()).add(found.name))
    if (found.directory === '' && found.name === 'lifecycle.toml') toml = await readEntryText(entry, tree)
  }
  return { toml, files }
}

/** Returns the entry's directory and name. Returns undefined if it is more than one level deep. */
function split({ name }: TreeEntry): { directory: string; name: string } | undefined {
  const parts = name.toString('latin1').split('/')
  if (parts.length > 2) return undefined
  return { directory: parts.length === 2 ? (parts[0] ?? '') : '', name: parts.at(-1) ?? '' }
}

/** Returns the directory that contains all required binaries. */
function chooseDirectory(path: string, files: LifecycleFiles['files']): string {
  const missingIn = (directory: string): string[] => REQUIRED.filter((name) => !files.get(directory)?.has(name))
  const best = [...files.keys()].sort((a, b) => missingIn(a).length - missingIn(b).length)[0] ?? ''
  const missing = missingIn(best)
  if (missing.length === 0) return best
  throw new CnbError('CNB_LIFECYCLE_INVALID', `the lifecycle '${path}' lacks ${missing.join(', ')}`, { hint: HINT })
}

async function* layerEntries(tree: FileTree, directory: string, context: Context): AsyncGenerator<TarEntry> {
  yield { ...ROOT, type: 'directory', name: '/cnb/lifecycle', mode: 0o755 }
  for await (const entry of tree.entries(context)) {
    const found = split(entry)
    if (found === undefined || entry.type === 'directory' || found.directory !== directory) continue
    if (directory === '' && found.name === 'lifecycle.toml') continue
    yield binary(entry, `/cnb/lifecycle/${found.name}`, tree)
  }
  // The lifecycle's path in builders from before /cnb.
  yield { ...ROOT, type: 'symlink', name: '/lifecycle', linkname: '/cnb/lifecycle', mode: 0o644 }
}

function binary(entry: TreeEntry, path: string, tree: FileTree): TarEntry {
  const { type, linkname, size, content, mode } = entry
  const name = Buffer.from(path, 'latin1')
  if (type === 'file') {
    const runs = (mode & 0o111) !== 0 || REQUIRED.includes(path.slice(path.lastIndexOf('/') + 1))
    return { ...ROOT, type, name, mode: runs ? 0o755 : 0o644, size, content }
  }
  const target = Buffer.from(linkname ?? '').toString('latin1')
  const base = target.slice(target.lastIndexOf('/') + 1)
  // All phases are one binary with several names. A link to another directory would lead out of the layer.
  if (type === 'link') return { ...ROOT, type, name, mode: 0o755, linkname: Buffer.from(`/cnb/lifecycle/${base}`, 'latin1') }
  if (type === 'symlink' && /^(?:\.\/)?[^/]+$/.test(target) && base !== '..') return { ...ROOT, type, name, mode: 0o777, linkname }
  const problem = type === 'symlink' ? `a link to '${target}', outside its directory` : `a ${type}`
  throw new CnbError('CNB_LIFECYCLE_INVALID', `'${entry.name.toString()}' in the lifecycle '${tree.path}' is ${problem}`)
}
