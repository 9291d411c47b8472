/** Build-time variables from project.toml, env files and flags (platform.md "User-Provided Variables"). */

import { CnbError } from '../base/errors.ts'

/** A variable as specified; without a `value`, it has the host's value. */
export interface EnvSetting {
  readonly name: string
  readonly value?: string
}

/** Maximum length of a file name on Linux. */
const MAX_NAME_BYTES = 255

/** Returns why `name` is not valid for a variable, and thus for a file in `/platform/env`; undefined if valid. Reserved names are valid. */
export function envNameProblem(name: string): string | undefined {
  if (name === '') return 'its name is empty'
  if (name.includes('\0') || name.includes('/')) return 'its name contains a NUL or a slash'
  if (name === '.' || name === '..') return 'its name is not a valid file name'
  return Buffer.byteLength(name) > MAX_NAME_BYTES ? `its name is longer than ${MAX_NAME_BYTES} bytes` : undefined
}

/** Returns why `value` is not valid; undefined if it is. */
export function envValueProblem(value: string): string | undefined {
  return value.includes('\0') ? 'it contains a NUL, which would end it' : undefined
}

/**
 * Parses an env file: each line is `NAME=value` or `NAME`, without surrounding blanks; quotes and `$` are literal. Empty lines and
 * lines that start with `#` are skipped.
 * @param file the file's name in errors
 * @throws CnbError CNB_DESCRIPTOR_INVALID with file, line and column
 */
export function readEnvFile(text: string, file: string): EnvSetting[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap((raw, index) => {
      const line = raw.trim()
      if (line === '' || line.startsWith('#')) return []
      const setting = parseSetting(line)
      const problem = settingProblem(setting)
      if (problem === undefined) return [setting]
      const position = { file, line: index + 1, column: raw.length - raw.trimStart().length + 1 }
      throw new CnbError('CNB_DESCRIPTOR_INVALID', `${file}: ${JSON.stringify(line)} is not a variable: ${problem}`, {
        position,
        source: raw,
        hint: "Write one NAME=value, or NAME for the host's value, on each line.",
      })
    })
}

/**
 * Merges the environment in order of precedence, later ones win: project.toml, the env files in order, flags. A name without a value
 * has the host's value, or is empty if the host has none.
 * @throws CnbError CNB_USAGE for an invalid flag
 */
export function resolveEnv(sources: {
  projectEnv: readonly EnvSetting[]
  envFiles: readonly (readonly EnvSetting[])[]
  /** The values of `--env`. */
  env: readonly string[]
  hostEnv: Readonly<Record<string, string | undefined>>
}): Map<string, string> {
  const flags = sources.env.map(parseFlag)
  const settings = [...sources.projectEnv, ...sources.envFiles.flat(), ...flags]
  return new Map(settings.map(({ name, value }) => [name, value ?? hostValue(sources.hostEnv, name)]))
}

function parseFlag(text: string): EnvSetting {
  const setting = parseSetting(text)
  const problem = settingProblem(setting)
  if (problem === undefined) return setting
  throw new CnbError('CNB_USAGE', `--env ${JSON.stringify(text)} is not a variable: ${problem}`, {
    hint: "Use --env NAME=value, or --env NAME for the host's value.",
  })
}

function settingProblem(setting: EnvSetting): string | undefined {
  return envNameProblem(setting.name) ?? lostValueProblem(setting) ?? envValueProblem(setting.value ?? '')
}

/** A name may contain blanks, but without a value the user probably meant NAME=value, as docker assumes too. */
function lostValueProblem({ name, value }: EnvSetting): string | undefined {
  return value === undefined && /\s/.test(name) ? "it contains a blank instead of '='" : undefined
}

function parseSetting(text: string): EnvSetting {
  const equals = text.indexOf('=')
  return equals < 0 ? { name: text } : { name: text.slice(0, equals), value: text.slice(equals + 1) }
}

function hostValue(env: Readonly<Record<string, string | undefined>>, name: string): string {
  return (Object.hasOwn(env, name) ? env[name] : undefined) ?? ''
}
