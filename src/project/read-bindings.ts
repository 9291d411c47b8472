/** Reads service bindings from directories (servicebinding.io, extensions/bindings.md). */

import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { readBounded } from '../base/bounded-file.ts'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { Binding } from './binding.ts'

/** The limit of a binding's contents, as of a Secret in Kubernetes. */
const MAX = 1024 * 1024

/**
 * Reads the bindings of `--binding`, in their order.
 * @param values `NAME=DIR`; each file of the directory is a file of the binding, also one behind a link, as in a mounted Secret
 * @throws CnbError CNB_USAGE if a value is malformed, its directory cannot be read, or a binding has no type or more than 1 MiB
 */
export async function readBindings(values: readonly string[], cwd: string, context: Context): Promise<Binding[]> {
  const bindings = new Map<string, Binding>()
  for (const value of values) {
    const [, name, directory] = /^([^=/]+)=(.+)$/s.exec(value) ?? []
    if (name === undefined || directory === undefined) throw unusable(value, 'it is not NAME=DIR', 'Write it as --binding database=./bindings/database.')
    if (bindings.has(name)) throw unusable(value, `the name '${name}' is used twice`, 'Use each name once.')
    bindings.set(name, { name, files: await readFiles(value, resolve(cwd, directory), context) })
  }
  return [...bindings.values()]
}

async function readFiles(value: string, directory: string, { signal }: Context): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  let left = MAX
  const read = async (below: string): Promise<void> => {
    for (const { name } of await readdir(join(directory, below), { withFileTypes: true })) {
      // Kubernetes keeps the contents of a mounted Secret in such directories, and links to them.
      if (name.startsWith('..')) continue
      const path = join(below, name)
      if ((await stat(join(directory, path))).isDirectory()) {
        if (below !== '') throw new Error(`${path} is a directory in a directory`)
        await read(path)
        continue
      }
      const content = await readBounded(join(directory, path), { max: MAX, signal })
      left -= content.length
      if (left < 0) throw new Error(`its files have more than ${MAX / 1024} KiB`)
      files.set(path.replaceAll('\\', '/'), content)
    }
  }
  try {
    await read('')
  } catch (error) {
    signal?.throwIfAborted()
    throw unusable(value, (error as Error).message, 'Use a directory with the files of the binding: type, and others such as uri or password.')
  }
  if (!files.has('type') && !files.has('metadata/kind')) throw unusable(value, `${directory} has no file 'type'`, 'Write the kind of service, such as postgresql, to this file: buildpacks look for it.')
  return files
}

function unusable(value: string, cause: string, hint: string): CnbError {
  return new CnbError('CNB_USAGE', `cannot use the binding '${value}': ${cause}`, { hint })
}
