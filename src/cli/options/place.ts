/** Options that select where a command reads an image from. */

import type { OptionGroup } from '../command.ts'
import { insecureRegistries, registryCaCerts, registryMirrors } from './registry.ts'

const platform = {
  kind: 'text',
  flags: '--platform <os/arch>',
  description: "platform, os/arch[/variant] (default: engine's or host's)",
} as const

const remote = { kind: 'flag', flags: '--remote', description: 'read from the registry only, without an engine' } as const

/** For commands that show detection orders. */
export const depth = { kind: 'number', flags: '-d, --depth <levels>', description: 'levels of composite buildpacks to show (default: unlimited)' } as const

export const place = {
  title: 'Image source:',
  options: { remote, platform, insecureRegistries, registryMirrors, caCerts: registryCaCerts },
} as const satisfies OptionGroup
