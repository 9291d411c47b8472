/** Shows and changes single values of the configuration file. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { stringOf } from '../../formats/lenient-values.ts'
import { parseReference } from '../../oci/reference.ts'
import type { ImageServices } from '../inspect/locate-image.ts'
import type { Host } from '../services.ts'
import { PULL_POLICIES } from './config.ts'
import { editConfig } from './edit-config.ts'

/** The settings with the key of each in the file. */
const KEYS = { 'default-builder': 'default-builder-image', 'pull-policy': 'pull-policy', 'lifecycle-image': 'lifecycle-image' } as const

export type SettingName = keyof typeof KEYS

/** Returns a setting's value; undefined if the file does not set it. @throws CnbError CNB_DESCRIPTOR_INVALID */
export async function readSetting(name: SettingName, host: Host, context: Context): Promise<string | undefined> {
  const { result } = await editConfig(host, (document) => document.value(KEYS[name]), context)
  return stringOf(result)
}

/**
 * Changes a setting, or removes it.
 * @param value undefined removes the setting
 * @throws CnbError CNB_USAGE for an unknown pull policy, CNB_REFERENCE_INVALID, CNB_DESCRIPTOR_INVALID, CNB_OUTPUT
 */
export async function changeSetting(name: SettingName, value: string | undefined, host: Host, context: Context): Promise<void> {
  const key = KEYS[name]
  if (value !== undefined) checkValue(name, value)
  await editConfig(host, (document) => (value === undefined ? document.unset([key]) : document.set([key], value)), context)
}

function checkValue(name: SettingName, value: string): void {
  if (name !== 'pull-policy') parseReference(value)
  else if (!PULL_POLICIES.includes(value)) {
    throw new CnbError('CNB_USAGE', `'${value}' is not a pull policy`, { hint: `Use one of: ${PULL_POLICIES.join(', ')}.` })
  }
}

/** Changes `experimental`, which only pack reads: cnb has no experimental features. @throws CnbError CNB_DESCRIPTOR_INVALID, CNB_OUTPUT */
export async function changeExperimental(value: boolean, host: Host, context: Context): Promise<void> {
  await editConfig(host, (document) => document.set(['experimental'], value), context)
}

/** Returns `experimental`. @throws CnbError CNB_DESCRIPTOR_INVALID */
export async function readExperimental(host: Host, context: Context): Promise<boolean> {
  const { result } = await editConfig(host, (document) => document.value('experimental') === true, context)
  return result
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
