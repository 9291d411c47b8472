/** Texts of `cnb cache` for people. */

import { counted } from '../../../base/counted.ts'
import type { CacheDirectory, Caches, ImageCache } from '../../../operations/cache/find-caches.ts'
import { cacheSize } from '../../../operations/cache/plan-prune.ts'
import type { VolumeKind } from '../../../operations/cache/volume-names.ts'
import { formatBytes } from '../../../ui/quantity.ts'
import { formatAge } from '../../../ui/resources/age.ts'
import { type Column, formatTable } from '../../../ui/table.ts'
import type { Theme } from '../../../ui/theme.ts'
import { entriesSize, entryKinds } from './caches-document.ts'

const RIGHT = 'right'

/** @param now milliseconds since 1970 */
export function listText({ images, directory }: Caches, isMeasured: boolean, theme: Theme, now: number): string {
  const columns: Column[] = [
    { title: 'IMAGE' }, { title: 'VOLUMES', align: RIGHT, spare: true }, { title: 'SIZE', align: RIGHT }, { title: 'LAST USED' }, { title: 'NOTE', spare: true },
  ]
  const rows = images.map((cache) => [
    cache.image,
    String(cache.volumes.length),
    isMeasured ? sizeText(cache) : '',
    cache.used === undefined ? '?' : `${formatAge(Math.max(0, now - cache.used) / 1000)} ago`,
    noteOf(cache),
  ])
  const volumes = images.reduce((sum, cache) => sum + cache.volumes.length, 0)
  const total = isMeasured ? ` of ${formatBytes(totalSize(images))}` : ''
  return [
    ...tableOf(columns, rows, theme),
    ...directoryText(directory, theme),
    `${counted(images.length, 'cache')} with ${counted(volumes, 'volume')}${total} on the engine, ${formatBytes(entriesSize(directory.entries))} in ${theme.name(directory.path)}`,
  ].join('\n')
}

/** The columns of `du`, with the kinds of volumes in each. */
const SIZES: readonly { readonly title: string; readonly kinds: readonly VolumeKind[] }[] = [
  { title: 'LAYERS', kinds: ['layers'] },
  { title: 'APP', kinds: ['app'] },
  { title: 'EXTENSIONS', kinds: ['kaniko'] },
  { title: 'RECORDS', kinds: ['record', 'state', 'inputs'] },
  { title: 'PACK', kinds: ['build', 'launch'] },
]

export function usageText({ images, directory }: Caches, theme: Theme): string {
  const columns: Column[] = [
    { title: 'IMAGE' }, { title: 'TOTAL', align: RIGHT }, ...SIZES.map(({ title }): Column => ({ title, align: RIGHT, spare: true })),
  ]
  const sorted = [...images].sort((a, b) => (cacheSize(b) ?? 0) - (cacheSize(a) ?? 0))
  const rows = sorted.map((cache) => [cache.image, sizeText(cache), ...SIZES.map(({ kinds }) => {
    const volumes = cache.volumes.filter(({ kind }) => kinds.includes(kind))
    return volumes.length === 0 ? '' : sizeText({ volumes })
  })])
  const [engine, files] = [totalSize(images), entriesSize(directory.entries)]
  return [
    ...tableOf(columns, rows, theme),
    ...directoryText(directory, theme),
    `${formatBytes(engine + files)} in caches: ${formatBytes(engine)} on the engine, ${formatBytes(files)} in ${theme.name(directory.path)}`,
  ].join('\n')
}

export function totalSize(caches: readonly ImageCache[]): number {
  return caches.reduce((sum, cache) => sum + (cacheSize(cache) ?? 0), 0)
}

function noteOf({ busy, own, volumes }: ImageCache): string {
  return [busy ? 'in use' : '', own ? '' : 'other key', volumes.some(({ ofPack }) => ofPack) ? "with pack's" : ''].filter((note) => note !== '').join(', ')
}

function directoryText({ entries }: CacheDirectory, theme: Theme): string[] {
  const columns: Column[] = [{ title: 'FILES' }, { title: 'ENTRIES', align: RIGHT }, { title: 'SIZE', align: RIGHT }]
  return tableOf(columns, entryKinds(entries).map(({ kind, entries: count, size }) => [KINDS[kind], String(count), formatBytes(size)]), theme)
}

/** The kinds of files in the cache directory. */
const KINDS = { downloads: 'downloads', registries: 'buildpack registries', facts: 'facts about downloads', digests: "digests of apps' files", uses: 'uses of caches' } as const

function tableOf(columns: readonly Column[], rows: readonly (readonly string[])[], theme: Theme): string[] {
  return rows.length === 0 ? [] : [...formatTable(columns, rows, theme), '']
}

function sizeText(cache: Pick<ImageCache, 'volumes'>): string {
  const size = cacheSize(cache)
  return size === undefined ? '?' : formatBytes(size)
}
