/** The parts of an image's configuration that are compared. */

import { isGoEmpty } from '../../formats/go/json.ts'
import type { ImageFacts } from '../inspect/image-facts.ts'

/** Users' names of the members of `config` (OCI image-spec, config.md). */
const MEMBERS: Readonly<Record<string, string>> = {
  Entrypoint: 'entrypoint',
  Cmd: 'command',
  User: 'user',
  WorkingDir: 'working directory',
  ExposedPorts: 'exposed ports',
  Volumes: 'volumes',
  StopSignal: 'stop signal',
  Shell: 'shell',
  Healthcheck: 'health check',
  OnBuild: 'on build',
}

/** Returns the variables; the last value of a repeated name counts, as for the engine. */
export function environmentOf({ config }: ImageFacts): Map<string, string> {
  return new Map((config.Env ?? []).map((variable) => {
    const end = variable.indexOf('=')
    return end < 0 ? [variable, ''] : [variable.slice(0, end), variable.slice(end + 1)]
  }))
}

/** Returns the other settings. Engines report unset ones as empty, registries omit them; ports and volumes are sets. */
export function settingsOf({ config, place }: ImageFacts): Map<string, unknown> {
  const { platform, created } = place
  const values = Object.entries(MEMBERS).map(([member, name]): [string, unknown] => {
    const value = config[member]
    return [name, (member === 'ExposedPorts' || member === 'Volumes') && value ? Object.keys(value).sort() : value]
  })
  const time = created === undefined ? NaN : Date.parse(created)
  return new Map([['platform', platform], ['created', Number.isNaN(time) ? created : new Date(time).toISOString()], ...values].filter((entry): entry is [string, unknown] => !isGoEmpty(entry[1])))
}
