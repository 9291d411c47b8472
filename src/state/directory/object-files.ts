/** Reads and lists the files of resources. */

import type { AnyResource } from '../../resources/kind.ts'
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readBounded } from '../../base/bounded-file.ts'
import { CnbError, throwIfAborted } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { isTable } from '../../formats/lenient-values.ts'
import { parseYamlData } from '../../formats/yaml/data-file.ts'
import { stringifyYaml } from '../../formats/yaml.ts'
import { selectsKey } from '../query.ts'
import { checkKey, keyOf, shownKey } from '../resource-key.ts'
import { BUILD, type ResourceKey, type ResourceQuery, type Stored, type Version } from '../store.ts'
import { BUILD_FILE, CLUSTER, CORE, EXTENSION, type StateLayout } from './layout.ts'

/** A limit on the size of a resource, in bytes: etcd's is 1.5 MiB. */
const MAX_SIZE = 16 * 1024 * 1024

/** @throws CnbError CNB_STATE_INVALID */
export async function readObject<T extends AnyResource>(layout: StateLayout, key: ResourceKey<T>, { signal }: Context): Promise<Stored<T> | undefined> {
  const path = layout.file(key)
  try {
    const content = await readBounded(path, { max: MAX_SIZE, signal })
    return { resource: parse(content.toString(), key), version: versionOf(content) }
  } catch (error) {
    throwIfAborted(signal)
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new CnbError('CNB_STATE_INVALID', `cannot read ${path}: ${(error as Error).message}`, {
      hint: 'Correct the file or restore it; without it, the resource must be applied again.',
      cause: error,
    })
  }
}

/** Returns the content of a resource's file. @throws CnbError CNB_STATE_INVALID if the resource is too large */
export function formatObject(key: ResourceKey, resource: AnyResource): Buffer {
  const content = Buffer.from(stringifyYaml(resource))
  if (content.length > MAX_SIZE) throw new CnbError('CNB_STATE_INVALID', `cannot store ${shownKey(key)}: it is larger than ${MAX_SIZE / 1024 / 1024} MiB`)
  return content
}

/** Equal contents are equal states: the version needs no counter, which two copies of a directory would count differently. */
export function versionOf(content: Buffer): Version {
  return `v${createHash('sha256').update(content).digest('base64url')}`
}

function parse<T extends AnyResource>(text: string, key: ResourceKey<T>): T {
  const value = parseYamlData(text)
  if (!isTable(value) || !isTable(value.metadata)) throw new Error('is not a resource')
  const { apiVersion, kind, metadata } = value
  const { name, namespace } = metadata
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || typeof name !== 'string') throw new Error('is not a resource')
  const found = keyOf({ apiVersion, kind, metadata: { name, ...(typeof namespace === 'string' ? { namespace } : {}) } })
  if (shownKey(found) !== shownKey(key) || found.type.group !== key.type.group) throw new Error(`has ${shownKey(found)}`)
  return value as unknown as T
}

/** Returns the keys of the files that the query may select. @throws CnbError CNB_STATE_INVALID if a file has an impossible name */
export async function listKeys(layout: StateLayout, query: ResourceQuery): Promise<ResourceKey[]> {
  const keys: ResourceKey[] = []
  const add = (key: ResourceKey, path: string): void => {
    try {
      checkKey(key)
    } catch (error) {
      throw new CnbError('CNB_STATE_INVALID', `cannot read ${path}: ${(error as Error).message}`, { cause: error })
    }
    if (selectsKey(query, key)) keys.push(key)
  }
  for (const type of await typesIn(layout, query)) {
    for (const namespace of await namesIn(layout.kind(type), query.namespace)) {
      for (const file of await namesIn(join(layout.kind(type), namespace))) {
        if (!file.endsWith(EXTENSION)) continue
        const name = file.slice(0, -EXTENSION.length)
        add({ type, namespace: namespace === CLUSTER ? undefined : namespace, name }, join(layout.kind(type), namespace, file))
      }
    }
  }
  if (!query.type || (query.type.group === BUILD.group && query.type.kind === BUILD.kind)) {
    for (const namespace of await namesIn(layout.builds, query.namespace)) {
      for (const name of await namesIn(join(layout.builds, namespace))) add({ type: BUILD, namespace, name }, join(layout.builds, namespace, name, BUILD_FILE))
    }
  }
  return keys
}

async function typesIn(layout: StateLayout, { type }: ResourceQuery): Promise<ResourceKey['type'][]> {
  if (type) return [type]
  const types: ResourceKey['type'][] = []
  for (const group of await namesIn(layout.objects)) {
    for (const kind of await namesIn(join(layout.objects, group))) types.push({ group: group === CORE ? '' : group, kind })
  }
  return types
}

/** Returns the entries of a directory without hidden ones, or only `wanted`. An absent directory is empty. */
async function namesIn(directory: string, wanted?: string): Promise<string[]> {
  try {
    const names = await readdir(directory)
    return names.filter((name) => !name.startsWith('.') && (wanted === undefined || name === wanted)).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new CnbError('CNB_STATE_INVALID', `cannot read ${directory}: ${(error as Error).message}`, { cause: error })
  }
}
