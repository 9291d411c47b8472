/** Definitions of `cnb config trusted-builders`, `run-image-mirrors` and `registry-mirrors`. */

import { defineCommandOnSeveral, SHOWING_FORMATS, type OptionGroup } from '../../command.ts'

const argument = { name: 'action', several: true, description: 'list (default); add or remove, with a name' } as const

const mirrors = [
  { title: 'Mirrors:', options: { mirrors: { kind: 'list', commas: true, flags: '-m, --mirror <mirror>', description: 'mirror to add or remove; repeat or use commas' } } },
] as const satisfies readonly OptionGroup[]

export const trustedBuildersCommand = defineCommandOnSeveral({
  name: 'config trusted-builders',
  summary: 'list, add and remove trusted builders',
  description: 'Lists the builders that are trusted, and adds and removes those of the user. The stock lifecycle builds with a trusted builder in one container.',
  argument,
  formats: SHOWING_FORMATS,
  groups: [],
  examples: [
    { line: 'cnb config trusted-builders list', does: 'list trusted builders' },
    { line: 'cnb config trusted-builders add registry.example/builder', does: 'trust a builder' },
  ],
  load: async () => (await import('./lists-handler.ts')).runTrustedBuilders,
})

export const runImageMirrorsCommand = defineCommandOnSeveral({
  name: 'config run-image-mirrors',
  summary: 'list, add and remove mirrors of run images',
  description: 'Lists, adds and removes mirrors that are tried before a run image.',
  argument,
  formats: SHOWING_FORMATS,
  groups: mirrors,
  examples: [
    { line: 'cnb config run-image-mirrors add some/run --mirror registry.example/run', does: 'add a mirror' },
    { line: 'cnb config run-image-mirrors remove some/run', does: 'remove all mirrors of a run image' },
  ],
  load: async () => (await import('./lists-handler.ts')).runRunImageMirrors,
})

export const registryMirrorsCommand = defineCommandOnSeveral({
  name: 'config registry-mirrors',
  summary: 'list, add and remove mirrors of registries',
  description: "Lists, sets and removes the mirror of a registry, or of all registries ('*').",
  argument,
  formats: SHOWING_FORMATS,
  groups: mirrors,
  examples: [
    { line: 'cnb config registry-mirrors add docker.io --mirror registry.example/hub', does: 'set the mirror of a registry' },
    { line: 'cnb config registry-mirrors remove docker.io', does: 'remove it' },
  ],
  load: async () => (await import('./lists-handler.ts')).runRegistryMirrors,
})
