/** Kinds and names of stored resources for the completion of command lines. */

import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { findKinds, KINDS } from '../../resources/kind-list.ts'
import { defaultStateDirectory } from '../../state/default-directory.ts'
import { CLUSTER, EXTENSION, isBuild, StateLayout } from '../../state/directory/layout.ts'
import type { Host } from '../services.ts'

export interface ResourcePlace {
  /** The value of --state. */
  readonly state?: string | undefined
  readonly namespace?: string | undefined
}

export function kindWords(): string[] {
  return [...KINDS.map(({ plural }) => plural), 'kpack']
}

/** Returns the names of a kind's resources. @throws Error for an unknown kind, and of the file system */
export async function resourceNames(kind: string, { state, namespace = 'default' }: ResourcePlace, { env, home, cwd }: Host): Promise<string[]> {
  const layout = new StateLayout(state === undefined ? defaultStateDirectory(env, home) : resolve(cwd, state))
  const names = await Promise.all(findKinds(kind).flatMap((type) => {
    const directory = isBuild({ type }) ? layout.builds : layout.kind(type)
    return [namespace, CLUSTER].map((within) => readdir(join(directory, within)).catch(() => []))
  }))
  return names.flat().filter((name) => !name.startsWith('.')).map((name) => (name.endsWith(EXTENSION) ? name.slice(0, -EXTENSION.length) : name)).sort()
}
