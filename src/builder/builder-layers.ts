/** The layers of a builder that hold no buildpack: directories and small files (spec §3.2). */

import { makeTarLayer } from '../archive/tar-layer.ts'
import type { TarEntry } from '../archive/tar-writer.ts'
import { LAYER_MTIME } from '../buildpacks/buildpack-layer.ts'
import type { Layer } from '../images/image.ts'
import type { EnvFile } from './build-env.ts'

const ROOT = { uid: 0, gid: 0, mtime: LAYER_MTIME }
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
export function directoriesLayer(user: { uid: number; gid: number }, signal?: AbortSignal): Promise<Layer> {
  const entries = [
    ...['/workspace', '/layers'].map((name): TarEntry => ({ ...DIRECTORY, name, uid: user.uid, gid: user.gid })),
    ...ROOT_DIRECTORIES.map((name): TarEntry => ({ ...DIRECTORY, name })),
  ]
  return makeTarLayer(() => entries, { signal })
}

/** Files of root's in one layer, in the order given. */
export function filesLayer(files: readonly EnvFile[], directory: string, signal?: AbortSignal): Promise<Layer> {
  const entries = files.map(({ name, content }): TarEntry => {
    const bytes = Buffer.from(content)
    return { ...ROOT, type: 'file', name: `${directory}/${name}`, mode: 0o644, size: bytes.length, content: bytes }
  })
  return makeTarLayer(() => entries, { signal })
}
