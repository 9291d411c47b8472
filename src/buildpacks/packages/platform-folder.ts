/** The folder of a target in a buildpack for several platforms: `linux/amd64/…` (buildpacks/rfcs 0128). */

import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../../base/events.ts'
import { isFileName } from '../../base/file-name.ts'
import type { BuildTarget } from '../buildpack-descriptor.ts'
import { openFileTree, type FileTree, type TreeEntry } from '../file-tree.ts'
import type { ModuleReading } from './module-reading.ts'

const CODES = { invalid: 'CNB_BUILDPACK_INVALID', missing: 'CNB_BUILDPACK_NOT_FOUND' } as const

/**
 * Opens the files of a module. From a directory for several platforms these are the files of one folder: the deepest folder
 * `<os>/<arch>/<variant>/<distro>@<version>` that has a directory `bin`. It gets the descriptor of the directory, which replaces its own,
 * as in pack.
 * @param descriptor the name of the descriptor: `buildpack.toml` or `extension.toml`
 * @param reading how to read the module; without a target, a directory with a directory `bin` has no folders
 * @throws CnbError CNB_BUILDPACK_NOT_FOUND, CNB_BUILDPACK_INVALID
 */
export async function openModuleTree(path: string, descriptor: string, { platform, target, name, without }: Omit<ModuleReading, 'kind'>): Promise<FileTree> {
  const tree = await openFileTree(path, CODES, name, without)
  if (!tree.isDirectory || (!target && (await hasPrograms(path)))) return tree
  const { os, architecture: arch, variant } = platform
  const folder = await folderOf(path, namesOf(target ?? { os, arch, variant }))
  return folder === undefined ? tree : withFile(await openFileTree(folder, CODES, folder, without), tree, descriptor)
}

/** Returns the names of a target's folders, from the outside in. */
function namesOf({ os, arch, variant, distros = [] }: BuildTarget): string[] {
  return [os, arch, variant, ...distros.map(({ name, version }) => `${name}@${version}`)].flatMap((name) => name || [])
}

async function folderOf(directory: string, [name, ...more]: readonly string[]): Promise<string | undefined> {
  // A descriptor with targets may be hostile: the folder is inside the directory.
  if (name === undefined || !isFileName(name)) return undefined
  const folder = join(directory, name)
  if (!(await isDirectory(folder))) return undefined
  return (await folderOf(folder, more)) ?? ((await hasPrograms(folder)) ? folder : undefined)
}

function hasPrograms(directory: string): Promise<boolean> {
  return isDirectory(join(directory, 'bin'))
}

async function isDirectory(path: string): Promise<boolean> {
  return lstat(path).then((stats) => stats.isDirectory(), () => false)
}

/** Returns `tree` with the file `name` of the directory `from`, at its place in the order of a directory's entries. */
function withFile(tree: FileTree, from: FileTree, name: string): FileTree {
  return {
    ...tree,
    async *entries(context: Context = {}) {
      const added = await find(from, name, context)
      let isWaiting = added !== undefined
      for await (const entry of tree.entries(context)) {
        const [first = ''] = entry.name.toString('latin1').split('/')
        if (added && first === name) continue
        if (added && isWaiting && first > name) {
          yield added
          isWaiting = false
        }
        yield entry
      }
      if (added && isWaiting) yield added
    },
  }
}

async function find(tree: FileTree, name: string, { signal }: Context): Promise<TreeEntry | undefined> {
  for await (const entry of tree.entries({ signal })) if (entry.name.toString('latin1') === name) return entry
  return undefined
}
