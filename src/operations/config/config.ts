/** Parser of config.toml. */

import type { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { parseByteSize } from '../../formats/byte-size.ts'
import type { FieldReader } from '../../formats/field-reader.ts'
import { readTomlFields } from '../../formats/toml-fields.ts'
import type { RunImageNames } from '../../images/labels/lifecycle-metadata.ts'
import type { PullPolicy } from '../../images/find/find-image.ts'
import { parseReference } from '../../oci/reference.ts'
import { parseMirror } from '../../registry/mirrors.ts'
import { CONFIG_KEYS, KEY_NAMES, parseSetting, type KeyName, type Settings } from './config-keys.ts'

/** The user's defaults, which flags override. Image names are valid references. */
export interface Config {
  readonly defaultBuilder?: string
  readonly pullPolicy?: PullPolicy
  /** Whether builds return the existing image if the same inputs made it. */
  readonly ifChanged?: boolean
  /** Whether images have labels from the git repository of their app. */
  readonly gitLabels?: boolean
  /** Run images with the user's mirrors of each. */
  readonly runImages: readonly RunImageNames[]
  readonly trustedBuilders: readonly string[]
  /** Mirror hosts, with an optional path, by registry or `*`. */
  readonly registryMirrors: Readonly<Record<string, readonly string[]>>
  /** The image that the lifecycle is taken from. */
  readonly lifecycleImage?: string
  /** The maximum size of the cache of downloads, in bytes. */
  readonly cacheSize?: number
  /** The budgets of the caches on the engine: a size and an age, as `cnb cache prune` reads them. */
  readonly cacheBudget?: string
  readonly cacheMaxAge?: string
  /** The user's buildpack registries, without the official registry. */
  readonly registries: readonly RegistryEntry[]
  /** The name of the buildpack registry that is used without --buildpack-registry. */
  readonly defaultRegistry?: string
  /** The environment variable of each key that has its value from there. */
  readonly setBy?: Readonly<Partial<Record<KeyName, string>>>
}

/** A buildpack registry, as in pack's file. The type counts only when a buildpack is registered. */
export interface RegistryEntry {
  readonly name: string
  readonly type: string
  readonly url: string
}

/**
 * Parses the text of a config.toml.
 * @param file the name of the file in messages
 * @param context receives unknown keys as debug events
 * @param environment values that replace those of the file
 * @throws CnbError CNB_DESCRIPTOR_INVALID with file, line and column
 */
export function parseConfig(text: string, file: string, context: Context = {}, environment: Settings = {}): Config {
  const document = readTomlFields(text, file, context)
  const settings = readSettings(document)
  const ignore = (message: string): void => context.events?.({ type: 'debug', message: `${file}: ${message}` })
  const runImages = document.tables('run-images').flatMap((entry) => readRunImage(entry, ignore))
  const trustedBuilders = document.tables('trusted-builders').flatMap((entry) => {
    const name = readName(entry, 'name')
    reportUnknown(entry, ignore)
    return name ?? []
  })
  const registryMirrors = readMirrors(document.map('registry-mirrors'))
  const registries = document.tables('registries').flatMap((entry) => {
    const [name, type, url] = ['name', 'type', 'url'].map((key) => entry.string(key))
    reportUnknown(entry, ignore)
    return name && url ? [{ name, type: type || 'github', url }] : []
  })
  reportUnknown(document, ignore)
  return { ...configOf(settings, environment), runImages, trustedBuilders, registryMirrors, registries }
}

/** Returns the values of the keys with one value. */
function configOf(settings: Settings, environment: Settings): Partial<Config> {
  const values = { ...settings, ...environment }
  const variables = (Object.keys(environment) as KeyName[]).map((name) => [name, CONFIG_KEYS[name].variable] as const)
  // Each value has the type of its key's form.
  return withoutUndefined({
    defaultBuilder: values['default-builder-image'],
    pullPolicy: values['pull-policy'],
    ifChanged: values['if-changed'],
    gitLabels: values['git-labels'],
    lifecycleImage: values['lifecycle-image'],
    cacheSize: parseByteSize(String(values['cache-size'])),
    cacheBudget: values['cache-budget'],
    cacheMaxAge: values['cache-max-age'],
    defaultRegistry: values['default-registry'],
    setBy: variables.length > 0 ? Object.fromEntries(variables) : undefined,
  } as Partial<Config>)
}

/** Reads the keys with one value. pack writes an unset text as an empty string. */
function readSettings(document: FieldReader): Settings {
  const settings: Partial<Record<KeyName, string | boolean>> = {}
  for (const name of KEY_NAMES) {
    const { form, ofPack } = CONFIG_KEYS[name]
    if (ofPack) document.allow(name)
    else {
      const value = form === 'switch' ? document.boolean(name) : document.string(name)
      if (value !== undefined && value !== '') settings[name] = checked(name, () => parseSetting(name, String(value)), document)
    }
  }
  return settings
}

function withoutUndefined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T
}

function reportUnknown(table: FieldReader, ignore: (message: string) => void): void {
  for (const key of table.unknownKeys()) ignore(`unknown key '${key}' is ignored`)
}

/** Reads an optional image name. pack writes an unset name as an empty string. */
function readName(table: FieldReader, key: string): string | undefined {
  const name = table.string(key)
  return name ? checkedName(name, table, key) : undefined
}

function checkedName(name: string, table: FieldReader, key: string): string {
  return checked(key, () => (parseReference(name), name), table)
}

/** Runs a check of a value; its error gets the position of the key. */
function checked<T>(key: string, check: () => T, table: FieldReader): T {
  try {
    return check()
  } catch (error) {
    const { message, hint } = error as CnbError
    throw table.error(key, message, hint)
  }
}

function readRunImage(entry: FieldReader, ignore: (message: string) => void): RunImageNames[] {
  const image = readName(entry, 'image')
  const mirrors = entry.strings('mirrors').filter((mirror) => mirror !== '').map((mirror) => checkedName(mirror, entry, 'mirrors'))
  reportUnknown(entry, ignore)
  return image ? [{ image, mirrors }] : []
}

function readMirrors(table: FieldReader | undefined): Record<string, string[]> {
  if (!table) return {}
  const mirrors = table.keys().map((registry): [string, string[]] => {
    const hosts = Array.isArray(table.value(registry)) ? table.strings(registry) : [table.string(registry) ?? '']
    checked(registry, () => (registry === '*' ? hosts : [registry, ...hosts]).forEach(parseMirror), table)
    return [registry, hosts]
  })
  return Object.fromEntries(mirrors)
}
