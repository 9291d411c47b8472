/** Options on where an image is that a command only reads. */

import type { OptionGroup } from '../command.ts'
import { insecureRegistries, registryCaCerts, registryMirrors } from './registry.ts'

const platform = {
  kind: 'text',
  flags: '--platform <os/arch>',
  description: "which image of several, os/arch[/variant] (default: the engine's, or this machine's in a registry)",
} as const

const remote = { kind: 'flag', flags: '--remote', description: 'ask the registry, and no engine' } as const

export const place = {
  title: 'Where it is:',
  options: { remote, platform, insecureRegistries, registryMirrors, caCerts: registryCaCerts },
} as const satisfies OptionGroup
