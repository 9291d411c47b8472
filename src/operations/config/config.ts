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

/** The user's defaults, which flags override. Image names are valid references. */
export interface Config {
  readonly defaultBuilder?: string
  readonly pullPolicy?: PullPolicy
  /** Whether builds return the existing image if the same inputs made it. */
  readonly ifChanged?: boolean
  /** Run images with the user's mirrors of each. */
  readonly runImages: readonly RunImageNames[]
  readonly trustedBuilders: readonly string[]
  /** Mirror hosts, with an optional path, by registry or `*`. */
  readonly registryMirrors: Readonly<Record<string, readonly string[]>>
  /** The image that the lifecycle is taken from. */
  readonly lifecycleImage?: string
  /** The maximum size of the cache of downloads, in bytes. */
  readonly cacheSize?: number
  /** The user's buildpack registries, without the official registry. */
  readonly registries: readonly RegistryEntry[]
  /** The name of the buildpack registry that is used without --buildpack-registry. */
  readonly defaultRegistry?: string
}

/** A buildpack registry, as in pack's file. The type counts only when a buildpack is registered. */
export interface RegistryEntry {
  readonly name: string
  readonly type: string
  readonly url: string
}

/** The pull policies, with which `config pull-policy` checks its argument. */
export const PULL_POLICIES: readonly string[] = ['always', 'if-not-present', 'never'] satisfies PullPolicy[]

/** Keys of pack that cnb ignores without a message. */
const PACK_KEYS = ['default-registry-url', 'experimental', 'layout-repo-dir']

/**
 * Parses the text of a config.toml.
 * @param file the name of the file in messages
 * @param context receives unknown keys as debug events
 * @throws CnbError CNB_DESCRIPTOR_INVALID with file, line and column
 */
export function parseConfig(text: string, file: string, context: Context = {}): Config {
  const document = readTomlFields(text, file, context)
  document.allow(...PACK_KEYS)
  const ignore = (message: string): void => context.events?.({ type: 'debug', message: `${file}: ${message}` })
  const defaultBuilder = readName(document, 'default-builder-image')
  const pullPolicy = readPolicy(document)
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
  const set = {
    defaultBuilder,
    pullPolicy,
    ifChanged: document.boolean('if-changed'),
    lifecycleImage: readName(document, 'lifecycle-image'),
    cacheSize: readSize(document, 'cache-size'),
    defaultRegistry: document.string('default-registry') || undefined,
  }
  reportUnknown(document, ignore)
  return { ...withoutUndefined(set), runImages, trustedBuilders, registryMirrors, registries }
}

function withoutUndefined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T
}

function readSize(document: FieldReader, key: string): number | undefined {
  const text = document.string(key)
  if (text === undefined) return undefined
  const size = parseByteSize(text)
  if (size !== undefined) return size
  throw document.error(key, `'${text}' is not a size`, "Use a number with a unit, such as '512m' or '20g'.")
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
  try {
    parseReference(name)
    return name
  } catch (error) {
    const { message, hint } = error as CnbError
    throw table.error(key, message, hint)
  }
}

/** Reads the pull policy. pack has the same three policies; a daily check is only proposed there (buildpacks/pack#1368). */
function readPolicy(document: FieldReader): PullPolicy | undefined {
  const policy = document.string('pull-policy')
  if (!policy) return undefined
  if (PULL_POLICIES.includes(policy)) return policy as PullPolicy
  throw document.error('pull-policy', `'${policy}' is not a pull policy`, `Use one of: ${PULL_POLICIES.join(', ')}.`)
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
    try {
      for (const host of registry === '*' ? hosts : [registry, ...hosts]) parseMirror(host)
    } catch (error) {
      const { message, hint } = error as CnbError
      throw table.error(registry, message, hint)
    }
    return [registry, hosts]
  })
  return Object.fromEntries(mirrors)
}
