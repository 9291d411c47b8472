/** The values of the configuration and where each is from. */

import { resolve } from 'node:path'
import { readBounded } from '../../base/bounded-file.ts'
import type { Context } from '../../base/events.ts'
import { isTable, stringsOf } from '../../formats/lenient-values.ts'
import { TomlDocument } from '../../formats/toml-document.ts'
import { withoutLogin } from '../../git/git-address.ts'
import { DEFAULT_EXEC_ENV } from '../../lifecycle/exec-env.ts'
import { checkApp } from '../../project/app.ts'
import { readProject } from '../build/build-project.ts'
import type { Host } from '../services.ts'
import { findConfigFile } from './config-file.ts'
import { CONFIG_KEYS, KEY_NAMES, settingsOfEnvironment, type KeyName, type Settings } from './config-keys.ts'
import { parseConfig } from './config.ts'

/** Where a value is from. */
export type Origin =
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'file'; readonly file: string; readonly line?: number | undefined }
  | { readonly kind: 'default' }
  | { readonly kind: 'unset' }

/** A key with its value; a list has an entry for each of its items. */
export interface Setting {
  readonly key: string
  /** null if it is not set. */
  readonly value: unknown
  readonly origin: Origin
}

/** The configuration in effect, and its file. */
export interface ListedSettings {
  readonly file: string
  readonly settings: readonly Setting[]
}

/**
 * Returns all keys of cnb with their values, those of pack that are set, and the builder of the current directory's project.toml. Addresses
 * have no user and password.
 * @throws CnbError CNB_DESCRIPTOR_INVALID; CNB_USAGE for an environment variable
 */
export async function listSettings(host: Host, context: Context): Promise<ListedSettings> {
  const [{ file, document }, project] = [await readDocument(host, context), await projectBuilder(host, context)]
  const environment = settingsOfEnvironment(host.env)
  const single = KEY_NAMES.map((key) => settingOf(key, environment, file, document)).filter(({ key, origin }) => !CONFIG_KEYS[key as KeyName].ofPack || origin.kind === 'file')
  return { file, settings: [...project, ...single, ...listsOf(file, document)] }
}

/** Returns the value of a key in effect. @throws CnbError as listSettings */
export async function getSetting(key: KeyName, host: Host, context: Context): Promise<Setting> {
  const { file, document } = await readDocument(host, context)
  return settingOf(key, settingsOfEnvironment(host.env), file, document)
}

async function readDocument(host: Host, context: Context): Promise<{ file: string; document: TomlDocument }> {
  const { file, text = '' } = await findConfigFile(host, context)
  parseConfig(text, file, context)
  return { file, document: new TomlDocument(text, file) }
}

function settingOf(key: KeyName, environment: Settings, file: string, document: TomlDocument): Setting {
  const { variable = '', default: preset } = CONFIG_KEYS[key]
  const given = environment[key]
  if (given !== undefined) return { key, value: given, origin: { kind: 'environment', variable } }
  const value = document.value(key)
  if (value !== undefined && value !== '') return { key, value, origin: { kind: 'file', file, line: document.line(key) } }
  return preset === undefined ? { key, value: null, origin: { kind: 'unset' } } : { key, value: preset, origin: { kind: 'default' } }
}

function listsOf(file: string, document: TomlDocument): Setting[] {
  const entry = (key: string, value: unknown, ...path: (string | number)[]): Setting => ({ key, value, origin: { kind: 'file', file, line: document.line(...path) } })
  const mirrors = document.value('registry-mirrors')
  return [
    ...document.tables('run-images').map(({ image, mirrors }, index) => entry('run-images', { image, mirrors: stringsOf(mirrors) }, 'run-images', index)),
    ...document.tables('trusted-builders').map(({ name }, index) => entry('trusted-builders', name, 'trusted-builders', index)),
    ...document.tables('registries').map((table, index) => entry('registries', { ...table, url: withoutLogin(String(table['url'])) }, 'registries', index)),
    ...Object.entries(isTable(mirrors) ? mirrors : {}).map(([registry, hosts]) =>
      entry('registry-mirrors', { registry, mirrors: [hosts].flat() }, 'registry-mirrors', registry)),
  ]
}

/** Returns the builder that builds of the current directory use without --builder. */
async function projectBuilder(host: Host, context: Context): Promise<Setting[]> {
  const app = await checkApp(host.cwd, context)
  const project = await readProject({ file: undefined, app, execEnv: DEFAULT_EXEC_ENV }, host, { signal: context.signal })
  const { builder } = project?.descriptor ?? {}
  if (!project || builder === undefined) return []
  const file = resolve(host.cwd, project.file)
  const document = new TomlDocument((await readBounded(file, { max: 1024 * 1024, signal: context.signal })).toString(), file)
  const key = document.value('io') === undefined ? 'build.builder' : 'io.buildpacks.builder'
  return [{ key, value: builder, origin: { kind: 'file', file, line: document.line(...key.split('.')) } }]
}
