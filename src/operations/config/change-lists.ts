/** Changes lists of the configuration file: trusted builders and mirrors. */

import type { Context } from '../../base/events.ts'
import { isTrusted, trustedBuilders } from '../../builder/trust.ts'
import type { TomlDocument } from '../../formats/toml-document.ts'
import { parseReference } from '../../oci/reference.ts'
import { parseMirror } from '../../registry/mirrors.ts'
import type { Host } from '../services.ts'
import { readConfig } from './config-file.ts'
import { editConfig } from './edit-config.ts'

/** Returns the names of all trusted builders, sorted: those that are trusted by default, and the user's. */
export async function listTrustedBuilders(host: Host, context: Context): Promise<string[]> {
  return [...trustedBuilders(), ...(await readConfig(host, context)).trustedBuilders].sort()
}

/** Trusts a builder. @returns false if it is trusted already @throws CnbError CNB_REFERENCE_INVALID, CNB_DESCRIPTOR_INVALID, CNB_OUTPUT */
export async function addTrustedBuilder(builder: string, host: Host, context: Context): Promise<boolean> {
  if (isTrusted(builder, (await readConfig(host, context)).trustedBuilders)) return false
  await editConfig(host, (document) => document.add('trusted-builders', { name: builder }), context)
  return true
}

/** Ends the trust in a builder. @returns false if the file does not list it @throws CnbError CNB_DESCRIPTOR_INVALID, CNB_OUTPUT */
export async function removeTrustedBuilder(builder: string, host: Host, context: Context): Promise<boolean> {
  return removeTable('trusted-builders', 'name', builder, host, context)
}

/** Returns the user's mirrors by run image. @throws CnbError CNB_DESCRIPTOR_INVALID */
export async function listRunImageMirrors(host: Host, context: Context): Promise<{ image: string; mirrors: string[] }[]> {
  return (await readConfig(host, context)).runImages.map(({ image, mirrors }) => ({ image, mirrors: [...mirrors] }))
}

/** Adds mirrors of a run image, sorted and without duplicates, as pack does. @throws CnbError CNB_REFERENCE_INVALID, CNB_DESCRIPTOR_INVALID, CNB_OUTPUT */
export async function addRunImageMirrors(image: string, mirrors: readonly string[], host: Host, context: Context): Promise<void> {
  for (const name of [image, ...mirrors]) parseReference(name)
  await editConfig(host, (document) => {
    const [index, known] = findRunImage(document, image)
    const all = [...new Set([...known, ...mirrors])].sort()
    if (index < 0) document.add('run-images', { image, mirrors: all })
    else document.set(['run-images', index, 'mirrors'], all)
  }, context)
}

/**
 * Removes mirrors of a run image.
 * @param mirrors if empty, removes all
 * @returns false if the image has none
 * @throws CnbError CNB_DESCRIPTOR_INVALID, CNB_OUTPUT
 */
export async function removeRunImageMirrors(image: string, mirrors: readonly string[], host: Host, context: Context): Promise<boolean> {
  const { result } = await editConfig(host, (document) => {
    const [index, known] = findRunImage(document, image)
    const rest = mirrors.length === 0 ? [] : known.filter((mirror) => !mirrors.includes(mirror))
    if (index >= 0 && rest.length === 0) document.remove('run-images', index)
    else if (index >= 0) document.set(['run-images', index, 'mirrors'], rest)
    return index >= 0
  }, context)
  return result
}

function findRunImage(document: TomlDocument, image: string): [index: number, mirrors: string[]] {
  const tables = document.tables('run-images')
  const index = tables.findIndex((table) => table['image'] === image)
  const mirrors = tables[index]?.['mirrors']
  return [index, Array.isArray(mirrors) ? mirrors.map(String) : []]
}

/** Returns the mirrors by registry. @throws CnbError CNB_DESCRIPTOR_INVALID */
export async function listRegistryMirrors(host: Host, context: Context): Promise<Record<string, readonly string[]>> {
  return { ...(await readConfig(host, context)).registryMirrors }
}

/** Sets the mirror of a registry, or of all (`*`). @throws CnbError CNB_USAGE for an invalid host, CNB_DESCRIPTOR_INVALID, CNB_OUTPUT */
export async function setRegistryMirror(registry: string, mirror: string, host: Host, context: Context): Promise<void> {
  for (const each of registry === '*' ? [mirror] : [registry, mirror]) parseMirror(each)
  await editConfig(host, (document) => document.set(['registry-mirrors', registry], mirror), context)
}

/** Removes the mirror of a registry. @returns false if it has none @throws CnbError CNB_DESCRIPTOR_INVALID, CNB_OUTPUT */
export async function removeRegistryMirror(registry: string, host: Host, context: Context): Promise<boolean> {
  const { result } = await editConfig(host, (document) => {
    const isKnown = document.value('registry-mirrors', registry) !== undefined
    document.unset(['registry-mirrors', registry])
    return isKnown
  }, context)
  return result
}

async function removeTable(list: string, key: string, value: string, host: Host, context: Context): Promise<boolean> {
  const { result } = await editConfig(host, (document) => {
    const index = document.tables(list).findIndex((table) => table[key] === value)
    if (index >= 0) document.remove(list, index)
    return index >= 0
  }, context)
  return result
}
