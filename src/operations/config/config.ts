/** What a `config.toml` says. */

import type { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { readTomlFields, type FieldReader } from '../../formats/field-reader.ts'
import type { RunImageNames } from '../../images/labels/lifecycle-metadata.ts'
import type { PullPolicy } from '../../images/find/pull.ts'
import { parseReference } from '../../oci/reference.ts'
import { parseMirror } from '../../registry/mirrors.ts'

/** What the user wants where no flag says otherwise. Names are valid references. */
export interface Config {
  readonly defaultBuilder?: string
  readonly pullPolicy?: PullPolicy
  /** Run images, and mirrors of the user's own for each. */
  readonly runImages: readonly RunImageNames[]
  readonly trustedBuilders: readonly string[]
  /** Hosts with or without a path to read from, by registry or `*`. */
  readonly registryMirrors: Readonly<Record<string, readonly string[]>>
}

const POLICIES: readonly string[] = ['always', 'if-not-present', 'never'] satisfies PullPolicy[]

/** Keys that only pack uses. */
const OTHERS = ['default-registry-url', 'default-registry', 'experimental', 'lifecycle-image', 'layout-repo-dir', 'registries']

/** readConfig of a text; `file` is the name that errors tell. */
export function parseConfig(text: string, file: string, context: Context = {}): Config {
  const document = readTomlFields(text, file, context)
  document.allow(...OTHERS)
  const ignore = (message: string): void => context.events?.({ type: 'debug', message: `${file}: ${message}` })
  const defaultBuilder = readName(document, 'default-builder-image')
  const pullPolicy = readPolicy(document)
  const runImages = document.tables('run-images').flatMap((entry) => readRunImage(entry, ignore))
  const trustedBuilders = document.tables('trusted-builders').flatMap((entry) => {
    const name = readName(entry, 'name')
    tellUnknown(entry, ignore)
    return name ?? []
  })
  const registryMirrors = readMirrors(document.map('registry-mirrors'))
  tellUnknown(document, ignore)
  return { ...(defaultBuilder ? { defaultBuilder } : {}), ...(pullPolicy ? { pullPolicy } : {}), runImages, trustedBuilders, registryMirrors }
}

function tellUnknown(table: FieldReader, ignore: (message: string) => void): void {
  for (const key of table.unknownKeys()) ignore(`'${key}' is not a key that cnb knows, so it has no effect`)
}

/** pack writes what is not set as an empty text. */
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

/** pack's are these three as well: ones that ask the registry daily are wished for there (buildpacks/pack#1368). */
function readPolicy(document: FieldReader): PullPolicy | undefined {
  const policy = document.string('pull-policy')
  if (!policy) return undefined
  if (POLICIES.includes(policy)) return policy as PullPolicy
  throw document.error('pull-policy', `'${policy}' is not a pull policy`, `Known are ${POLICIES.join(', ')}.`)
}

function readRunImage(entry: FieldReader, ignore: (message: string) => void): RunImageNames[] {
  const image = readName(entry, 'image')
  const mirrors = entry.strings('mirrors').filter((mirror) => mirror !== '').map((mirror) => checkedName(mirror, entry, 'mirrors'))
  tellUnknown(entry, ignore)
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
