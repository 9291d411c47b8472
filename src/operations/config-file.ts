/** The user's own configuration: `config.toml`, in which `pack` keeps its settings too. It is only ever read. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { readTomlFields, type FieldReader } from '../formats/field-reader.ts'
import type { RunImageNames } from '../images/lifecycle-metadata.ts'
import type { PullPolicy } from '../images/pull.ts'
import { parseReference } from '../oci/reference.ts'
import { parseMirror } from '../registry/mirrors.ts'
import type { Host } from './services.ts'

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

const NOTHING: Config = { runImages: [], trustedBuilders: [], registryMirrors: {} }

const POLICIES: readonly string[] = ['always', 'if-not-present', 'never'] satisfies PullPolicy[]

/** Keys of the peer's that are no concern of ours. */
const OTHERS = ['default-registry-url', 'default-registry', 'experimental', 'lifecycle-image', 'layout-repo-dir', 'registries']

/** An honest file is a few kilobytes. */
const MAX_BYTES = 1024 * 1024

/**
 * Reads `$CNB_HOME/config.toml` (`~/.cnb` without the variable) or, where there is none, the peer's `$PACK_HOME/config.toml`
 * (`~/.pack`).
 * @param context hears of the file and of its keys that nobody knows
 * @throws CnbError CNB_DESCRIPTOR_INVALID with file, line and column
 */
export async function readConfig({ env, home }: Pick<Host, 'env' | 'home'>, context: Context = {}): Promise<Config> {
  const directories = [env['CNB_HOME'] || join(home, '.cnb'), env['PACK_HOME'] || join(home, '.pack')]
  for (const file of directories.map((directory) => join(directory, 'config.toml'))) {
    const text = await readText(file)
    if (text === undefined) continue
    context.events?.({ type: 'debug', message: `the configuration is ${file}` })
    return parseConfig(text, file, context)
  }
  return NOTHING
}

async function readText(file: string): Promise<string | undefined> {
  let bytes: Buffer
  try {
    bytes = await readFile(file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new CnbError('CNB_DESCRIPTOR_INVALID', `cannot read the configuration ${file}: ${message}`, { position: { file }, cause: error })
  }
  if (bytes.length > MAX_BYTES) throw new CnbError('CNB_DESCRIPTOR_INVALID', `${file} is larger than 1 MiB`, { position: { file } })
  return bytes.toString('utf8')
}

/** readConfig of a text; `file` is the name that errors tell. */
export function parseConfig(text: string, file: string, { events }: Context = {}): Config {
  const document = readTomlFields(text, file)
  document.allow(...OTHERS)
  const ignore = (message: string): void => events?.({ type: 'debug', message: `${file}: ${message}` })
  const defaultBuilder = readName(document, 'default-builder-image')
  const pullPolicy = readPolicy(document)
  const runImages = document.tables('run-images').flatMap((entry) => readRunImage(entry, ignore))
  const trustedBuilders = document.tables('trusted-builders').flatMap((entry) => {
    const name = readName(entry, 'name')
    tellUnknown(entry, ignore)
    return name ?? []
  })
  const registryMirrors = readMirrors(document.table('registry-mirrors'))
  tellUnknown(document, ignore)
  return { ...(defaultBuilder ? { defaultBuilder } : {}), ...(pullPolicy ? { pullPolicy } : {}), runImages, trustedBuilders, registryMirrors }
}

function tellUnknown(table: FieldReader, ignore: (message: string) => void): void {
  for (const key of table.unknownKeys()) ignore(`'${key}' is not a key that cnb knows, so it has no effect`)
}

/** The peer writes what is not set as an empty text. */
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

/** The peer's are these three as well: ones that ask the registry daily are wished for there (buildpacks/pack#1368). */
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
