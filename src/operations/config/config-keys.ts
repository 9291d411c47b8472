/** The keys of config.toml, for its reader, the environment variables, `cnb config` and the documents. */

import { CnbError } from '../../base/errors.ts'
import { parseAge } from '../../formats/age.ts'
import { parseByteSize } from '../../formats/byte-size.ts'
import type { PullPolicy } from '../../images/find/find-image.ts'
import { parseReference } from '../../oci/reference.ts'
import type { Host } from '../services.ts'

const PULL_POLICIES: readonly string[] = ['always', 'if-not-present', 'never'] satisfies PullPolicy[]

/** A key with one value. */
export interface ConfigKey {
  readonly form: 'image' | 'choice' | 'switch' | 'size' | 'age' | 'text'
  /** Describes the value in a noun phrase. */
  readonly is: string
  readonly default?: string | boolean
  /** The environment variable that replaces the value of the file. */
  readonly variable?: string
  readonly choices?: readonly string[]
  /** Whether only pack reads the key. */
  readonly ofPack?: true
}

export type KeyName =
  | 'default-builder-image' | 'pull-policy' | 'if-changed' | 'git-labels' | 'cache-size' | 'cache-budget' | 'cache-max-age' | 'lifecycle-image' | 'default-registry'
  | 'default-registry-url' | 'experimental' | 'layout-repo-dir'

export const CONFIG_KEYS: Readonly<Record<KeyName, ConfigKey>> = {
  'default-builder-image': { form: 'image', variable: 'CNB_DEFAULT_BUILDER_IMAGE', is: 'builder, if neither --builder nor project.toml names one' },
  'pull-policy': { form: 'choice', choices: PULL_POLICIES, default: 'always', variable: 'CNB_PULL_POLICY', is: 'pull policy without --pull-policy' },
  'if-changed': { form: 'switch', default: false, variable: 'CNB_IF_CHANGED', is: 'whether builds keep an image that the same inputs made' },
  'git-labels': { form: 'switch', default: false, variable: 'CNB_GIT_LABELS', is: 'whether images have labels from the git repository of their app' },
  'cache-size': { form: 'size', default: '10g', variable: 'CNB_CACHE_SIZE', is: 'limit of the cache of downloads' },
  'cache-budget': { form: 'size', variable: 'CNB_CACHE_BUDGET', is: 'size of all caches of builds on the engine, above which builds remove the least recently used ones' },
  'cache-max-age': { form: 'age', variable: 'CNB_CACHE_MAX_AGE', is: 'age at which builds remove caches of other builds' },
  'lifecycle-image': { form: 'image', variable: 'CNB_LIFECYCLE_IMAGE', is: 'image with the lifecycle without --lifecycle-image' },
  'default-registry': { form: 'text', default: 'official', variable: 'CNB_DEFAULT_REGISTRY', is: 'buildpack registry without --buildpack-registry' },
  'default-registry-url': { form: 'text', ofPack: true, is: 'old form of default-registry' },
  experimental: { form: 'switch', default: false, ofPack: true, is: "whether pack's experimental features are enabled" },
  'layout-repo-dir': { form: 'text', ofPack: true, is: "directory of pack's layouts" },
}

export const KEY_NAMES: readonly KeyName[] = Object.keys(CONFIG_KEYS) as KeyName[]

/** The keys with lists, and the command that changes each. */
export const CONFIG_LISTS: Readonly<Record<string, string>> = {
  'run-images': 'config run-image-mirrors',
  'trusted-builders': 'config trusted-builders',
  registries: 'config registries',
  'registry-mirrors': 'config registry-mirrors',
}

/** Valid values by key; a switch is a boolean. */
export type Settings = Readonly<Partial<Record<KeyName, string | boolean>>>

/** The words that Go accepts for a switch. */
const SWITCHES: Readonly<Record<string, boolean>> = { true: true, t: true, '1': true, false: false, f: false, '0': false }

/** Checks the text of a value. @returns the value of the file @throws CnbError CNB_USAGE, CNB_REFERENCE_INVALID */
export function parseSetting(name: KeyName, text: string): string | boolean {
  const { form, choices = [] } = CONFIG_KEYS[name]
  const refuse = (what: string, hint: string): never => {
    throw new CnbError('CNB_USAGE', `'${text}' is not ${what}`, { hint })
  }
  switch (form) {
    case 'image':
      parseReference(text)
      return text
    case 'choice':
      return choices.includes(text) ? text : refuse(`a ${name.replaceAll('-', ' ')}`, `Use one of: ${choices.join(', ')}.`)
    case 'size':
      return parseByteSize(text) === undefined ? refuse('a size', "Use a number with a unit, such as '512m' or '20g'.") : text
    case 'age':
      return parseAge(text) === undefined ? refuse('an age', "Use a number with a unit, such as '12h', '30d' or '4w'.") : text
    case 'switch':
      return SWITCHES[text.toLowerCase()] ?? refuse('true or false', 'Use true or false.')
    case 'text':
      return text
  }
}

/** Returns the values of the environment variables; an empty variable counts as unset. @throws CnbError CNB_USAGE with the variable's name */
export function settingsOfEnvironment(env: Host['env']): Settings {
  const found = KEY_NAMES.flatMap((name) => {
    const { variable = '' } = CONFIG_KEYS[name]
    const text = env[variable]
    if (!text) return []
    try {
      return [[name, parseSetting(name, text)] as const]
    } catch (error) {
      const { message, hint } = error as CnbError
      throw new CnbError('CNB_USAGE', `cannot use the environment variable ${variable}: ${message}`, { hint, cause: error })
    }
  })
  return Object.fromEntries(found)
}
