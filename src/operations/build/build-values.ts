/** Parsers of option values of `cnb build`. */

import { posix, resolve } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import type { EventSink } from '../../base/events.ts'
import { parseByteSize } from '../../formats/byte-size.ts'
import type { Mount } from '../../docker/engine.ts'
import { DEFAULT_APP_DIR } from '../../lifecycle/phase.ts'

/** The effect of a mount over each directory that the build uses. */
const buildDirectories = (appDir: string): Readonly<Record<string, string>> => ({
  '/cnb': "it hides the builder's files, such as buildpacks and the lifecycle",
  '/layers': 'it hides the files of buildpacks and the lifecycle',
  '/platform': "it hides the build's variables and bindings",
  [appDir]: 'it hides all or part of the app',
})
/** Docker's names of volumes. */
export const VOLUME_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/

/**
 * Parses a `--volume` value: `source:target[:ro|rw]`. A source with a slash is a path (relative to `cwd`), any other source is the name
 * of a volume.
 * @throws CnbError CNB_USAGE
 */
export function parseMount(text: string, cwd: string, usual: 'ro' | 'rw'): Mount {
  const fail = failureOf(text)
  const parts = text.split(':')
  if (parts.length < 2 || parts.length > 3) fail('expected two or three parts')
  const [source = '', path = '', mode = usual] = parts
  // The engine normalizes dot segments too.
  const target = posix.normalize(path).replace(/(?<=.)\/$/, '')
  if (source === '') fail('the source is empty')
  if (!path.startsWith('/')) fail('the path in the container is not absolute')
  if (mode !== 'ro' && mode !== 'rw') fail(`'${mode}' is neither 'ro' nor 'rw'`)
  const readOnly = mode === 'ro'
  if (/[/\\.~]/.test(source[0] ?? '') || source.includes('/')) return { type: 'bind', source: resolve(cwd, source), target, readOnly }
  if (!VOLUME_NAME.test(source)) fail(`'${source}' is not a valid volume name`)
  return { type: 'volume', source, target, readOnly }
}

function failureOf(text: string): (why: string) => never {
  return (why) => {
    throw new CnbError('CNB_USAGE', `invalid --volume '${text}': ${why}`, { hint: "Use '<host path or volume>:<path in the container>[:ro|rw]'." })
  }
}

/**
 * Parses a `--volume` value of a build, which is read-only by default.
 * @param events receives a warning if the mount hides a directory of the build
 * @param appDir the app's directory in the containers
 * @throws CnbError CNB_USAGE
 */
export function parseVolume(text: string, cwd: string, events?: EventSink, appDir = DEFAULT_APP_DIR): Mount {
  const mount = parseMount(text, cwd, 'ro')
  const { target, readOnly } = mount
  const fail = failureOf(text)
  if (target === '/layers') fail('the build mounts its own volume at /layers')
  if (readOnly && (target === appDir || target === '/platform')) fail(`the build writes files to ${target}, but the mount is read-only`)
  warnOfMount(target, appDir, events)
  return mount
}

function warnOfMount(target: string, appDir: string, events: EventSink | undefined): void {
  for (const [directory, effect] of Object.entries(buildDirectories(appDir))) {
    const above = target === '/' || directory.startsWith(`${target}/`)
    if (!above && target !== directory && !target.startsWith(`${directory}/`)) continue
    events?.({ type: 'warning', message: `the mount at '${target}' overlaps a directory of the build: ${effect}` })
  }
}

/** Directories of images that an app must not replace. */
const TAKEN = ['bin', 'boot', 'cache', 'cnb', 'dev', 'etc', 'kaniko', 'launch-cache', 'layers', 'lib', 'lib64', 'platform', 'proc', 'root', 'run', 'sbin', 'sys', 'tmp', 'usr', 'var']

/**
 * Parses a `--workspace` value: the name of a directory below the root. @returns its absolute path
 * @throws CnbError CNB_USAGE
 */
export function parseWorkspace(text: string): string {
  const name = text.replace(/^\/+|\/+$/g, '')
  if (/^[\w.-]+$/.test(name) && !/^\.+$/.test(name) && !TAKEN.includes(name)) return `/${name}`
  throw new CnbError('CNB_USAGE', `invalid --workspace '${text}': expected the name of a new directory below the root`, { hint: "Use a name such as 'app'." })
}

/**
 * Parses a `--creation-time` value: a number of seconds since 1970, an ISO 8601 date, or `now`. @returns seconds since 1970
 * @throws CnbError CNB_USAGE
 */
export function parseCreationTime(text: string, now: () => number): number {
  if (text === 'now') return Math.floor(now() / 1000)
  if (/^\d{1,12}$/.test(text)) return Number(text)
  const date = /^\d{4}-\d{2}-\d{2}(T.*)?$/.test(text) ? Date.parse(text) : NaN
  if (Number.isNaN(date)) {
    throw new CnbError('CNB_USAGE', `invalid --creation-time '${text}': expected a time`, {
      hint: "Use seconds since 1970, a date such as '2026-01-31T12:00:00Z', or 'now'.",
    })
  }
  return Math.floor(date / 1000)
}

/** The engine's minimum. */
const LEAST_MEMORY = 6 * 1024 * 1024

/**
 * Parses a `--memory` value in docker's syntax: a number with `b`, `k`, `m` or `g`. @returns bytes
 * @throws CnbError CNB_USAGE
 */
export function parseMemory(text: string): number {
  const bytes = parseByteSize(text)
  if (bytes !== undefined && bytes >= LEAST_MEMORY) return bytes
  throw new CnbError('CNB_USAGE', `invalid --memory '${text}': expected a size of at least 6m`, { hint: "Use a number with a unit, such as '512m' or '2g'." })
}

/**
 * Parses a `--cpus` value: a number of cores, with fractions.
 * @throws CnbError CNB_USAGE
 */
export function parseCpus(text: string): number {
  const cpus = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0
  if (cpus >= 0.01 && cpus <= 4096) return cpus
  throw new CnbError('CNB_USAGE', `invalid --cpus '${text}': expected a number of cores`, { hint: "Use a number such as '2' or '1.5'." })
}

/**
 * Parses the values of `--label`, `NAME=value`; the last one of a name wins. Labels of buildpacks cannot be set: later builds and rebases read them.
 * @throws CnbError CNB_USAGE
 */
export function parseLabels(values: readonly string[]): Map<string, string> {
  return new Map(values.map((text) => {
    const [, name, value = ''] = /^([^=\0]+)=([^\0]*)$/s.exec(text) ?? []
    if (name === undefined) throw new CnbError('CNB_USAGE', `invalid --label '${text}': expected NAME=value`, { hint: "Use a name and a value, such as 'org.opencontainers.image.version=1.2'." })
    if (name.startsWith('io.buildpacks.')) throw new CnbError('CNB_USAGE', `cannot set the label '${name}': the build writes those of io.buildpacks`, { hint: 'Use another name.' })
    return [name, value] as const
  }))
}

/** Returns the proxy variables of the user's environment in upper and lower case: tools read either of the two. */
export function proxyEnv(env: Readonly<Record<string, string | undefined>>): string[] {
  return ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].flatMap((name) => {
    const value = env[name] || env[name.toLowerCase()]
    return value ? [`${name}=${value}`, `${name.toLowerCase()}=${value}`] : []
  })
}
