/** The layers of a builder that hold no buildpack: directories, and the files that the lifecycle reads (spec §3.2). */

import { makeTarLayer } from '../archive/tar-layer.ts'
import type { TarEntry } from '../archive/tar-writer.ts'
import { LAYER_MTIME } from '../buildpacks/buildpack-layer.ts'
import type { GroupEntry, Order } from '../buildpacks/order.ts'
import type { Layer } from '../images/image.ts'
import { stringifyToml } from '../formats/toml.ts'
import type { EnvFile } from './build-env.ts'
import type { RunImageName } from './builder.ts'

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

/** `/cnb/order.toml`; every entry has its version. */
export function orderToml(order: Order, orderExtensions: Order): string {
  return stringifyToml({
    ...(order.length > 0 ? { order: order.map(group) } : {}),
    ...(orderExtensions.length > 0 ? { 'order-extensions': orderExtensions.map(group) } : {}),
  })
}

function group({ group: entries }: Order[number]): object {
  return { group: entries.map(entry) }
}

function entry({ id, version, optional }: GroupEntry): object {
  return { id, version, ...(optional ? { optional } : {}) }
}

/** `/cnb/system.toml`. */
export function systemToml({ pre, post }: { pre: readonly GroupEntry[]; post: readonly GroupEntry[] }): string {
  const part = (entries: readonly GroupEntry[]): object => (entries.length === 0 ? {} : { buildpacks: entries.map(entry) })
  return stringifyToml({ system: { pre: part(pre), post: part(post) } })
}

/** `/cnb/stack.toml`, which Platform API 0.11 and older read. */
export function stackToml(defaultImage: RunImageName | undefined): string {
  return stringifyToml(defaultImage ? { 'run-image': runImage(defaultImage) } : {})
}

/** `/cnb/run.toml`, which Platform API 0.12 and newer read. */
export function runToml(images: readonly RunImageName[]): string {
  return stringifyToml(images.length > 0 ? { images: images.map(runImage) } : {})
}

function runImage({ image, mirrors }: RunImageName): object {
  return { image, ...(mirrors.length > 0 ? { mirrors } : {}) }
}
