/** The variables of a build's environment: project.toml, env files, flags (specification, platform.md "User-Provided Variables"). */

import { CnbError } from '../base/errors.ts'

/** A variable as it was written; without a `value` it is the host's. */
export interface EnvSetting {
  readonly name: string
  readonly value?: string
}

/** The longest name of a file on Linux. */
const MAX_NAME_BYTES = 255

/** Why `name` cannot be a variable, which is to say a file in `/platform/env`; undefined when it can. Reserved names can. */
export function envNameProblem(name: string): string | undefined {
  if (name === '') return 'its name is empty'
  if (name.includes('\0') || name.includes('/')) return 'its name has a NUL or a slash'
  if (name === '.' || name === '..') return 'no file can have its name'
  return Buffer.byteLength(name) > MAX_NAME_BYTES ? `its name is longer than ${MAX_NAME_BYTES} bytes` : undefined
}

/** Why a variable cannot have `value`; undefined when it can. */
export function envValueProblem(value: string): string | undefined {
  return value.includes('\0') ? 'it has a NUL, where a program would see its end' : undefined
}

/**
 * Reads an env file: a line is `NAME=value` or `NAME`, with blanks around it dropped; nothing is unquoted or expanded. Empty
 * lines and those that start with `#` are skipped.
 * @param file the name that an error tells the user
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
      throw new CnbError('CNB_DESCRIPTOR_INVALID', `${file}: ${JSON.stringify(line)} is no variable: ${problem}`, {
        position,
        source: raw,
        hint: 'Write one NAME=value, or NAME for the value it has here, on each line.',
      })
    })
}

/**
 * The environment in its order of precedence, the later ones winning: project.toml, the env files as they were given, flags.
 * A name without a value takes the host's, which is empty when it is not set there.
 * @throws CnbError CNB_USAGE for a flag that is no variable
 */
export function resolveEnv(sources: {
  projectEnv: readonly EnvSetting[]
  envFiles: readonly (readonly EnvSetting[])[]
  /** `--env` as typed. */
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
  throw new CnbError('CNB_USAGE', `--env ${JSON.stringify(text)} is no variable: ${problem}`, {
    hint: 'Write --env NAME=value, or --env NAME for the value it has here.',
  })
}

function settingProblem(setting: EnvSetting): string | undefined {
  return envNameProblem(setting.name) ?? lostValueProblem(setting) ?? envValueProblem(setting.value ?? '')
}

/** A name may have blanks in it, but one without a value was meant as both, as docker takes it too. */
function lostValueProblem({ name, value }: EnvSetting): string | undefined {
  return value === undefined && /\s/.test(name) ? 'there is a blank where a = should be' : undefined
}

function parseSetting(text: string): EnvSetting {
  const equals = text.indexOf('=')
  return equals < 0 ? { name: text } : { name: text.slice(0, equals), value: text.slice(equals + 1) }
}

function hostValue(env: Readonly<Record<string, string | undefined>>, name: string): string {
  return (Object.hasOwn(env, name) ? env[name] : undefined) ?? ''
}
