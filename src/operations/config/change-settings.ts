/** Shows and changes single values of the configuration file. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { stringOf } from '../../formats/lenient-values.ts'
import { nearNames } from '../../resources/near-names.ts'
import type { ImageServices } from '../inspect/locate-image.ts'
import type { Host } from '../services.ts'
import { findRegistry } from './buildpack-registries.ts'
import { readConfig } from './config-file.ts'
import { CONFIG_KEYS, CONFIG_LISTS, KEY_NAMES, parseSetting, type KeyName } from './config-keys.ts'
import { editConfig } from './edit-config.ts'

/** Returns a key's value in the file; undefined if it is not set. @throws CnbError CNB_DESCRIPTOR_INVALID */
export async function readSetting(name: KeyName, host: Host, context: Context): Promise<string | boolean | undefined> {
  const { result } = await editConfig(host, (document) => document.value(name), context)
  return typeof result === 'boolean' ? result : stringOf(result)
}

/**
 * Changes the value of a key, or removes it.
 * @param value undefined removes the key
 * @returns the path of the file
 * @throws CnbError CNB_USAGE for a value that the key cannot have, CNB_REFERENCE_INVALID, CNB_DESCRIPTOR_INVALID, CNB_OUTPUT
 */
export async function changeSetting(name: KeyName, value: string | undefined, host: Host, context: Context): Promise<string> {
  const parsed = value === undefined ? undefined : parseSetting(name, value)
  if (name === 'default-registry' && value !== undefined) findRegistry(await readConfig(host, context), value)
  const { file } = await editConfig(host, (document) => (parsed === undefined ? document.unset([name]) : document.set([name], parsed)), context)
  return file
}

/** Checks the name of a key with one value. @throws CnbError CNB_USAGE with the command for a list, or the name that is meant */
export function keyNamed(text: string): KeyName {
  if (Object.hasOwn(CONFIG_KEYS, text)) return text as KeyName
  const list = Object.entries(CONFIG_LISTS).find(([name]) => name === text)
  if (list) throw new CnbError('CNB_USAGE', `'${text}' is a list`, { hint: `Use 'cnb ${list[1]}'.` })
  const [near] = nearNames(text, [...KEY_NAMES, ...Object.keys(CONFIG_LISTS)])
  throw new CnbError('CNB_USAGE', `unknown key '${text}' of the configuration`, { hint: near === undefined ? `Use one of: ${KEY_NAMES.join(', ')}.` : `Did you mean ${near}?` })
}

/**
 * Checks that an image is a builder, on the engine or in its registry. If neither responds, warns only.
 * @throws CnbError CNB_IMAGE_NOT_FOUND, CNB_BUILDER_INVALID
 */
export async function checkBuilder(builder: string, places: ImageServices, context: Context): Promise<void> {
  const { inspectBuilder } = await import('../builder/inspect-builder.ts')
  try {
    await inspectBuilder({ builder }, places, context)
  } catch (error) {
    if (!(error instanceof CnbError) || !/_(UNREACHABLE|DENIED)$/.test(error.code)) throw error
    context.events?.({ type: 'warning', message: `the builder '${builder}' was not checked: ${error.message}` })
  }
}
