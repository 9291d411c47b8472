/** Definitions of `cnb config default-builder`, `pull-policy`, `lifecycle-image` and `experimental`. */

import { defineCommand, SHOWING_FORMATS, type OptionGroup } from '../../command.ts'

const groups = [
  { title: 'Setting:', options: { unset: { kind: 'flag', flags: '-u, --unset', description: 'remove the setting' } } },
] as const satisfies readonly OptionGroup[]

export const defaultBuilderCommand = defineCommand({
  name: 'config default-builder',
  summary: 'show or set the default builder',
  description: 'Shows, sets or unsets the builder of builds without --builder. A new builder is checked on the engine or in its registry.',
  argument: { name: 'builder', optional: true, description: 'builder image (default: show the current one)' },
  formats: SHOWING_FORMATS,
  groups,
  examples: [
    { line: 'cnb config default-builder heroku/builder:24', does: 'set the default builder' },
    { line: 'cnb config default-builder --unset', does: 'remove it' },
  ],
  load: async () => (await import('./values-handler.ts')).runDefaultBuilder,
})

export const pullPolicyCommand = defineCommand({
  name: 'config pull-policy',
  summary: 'show or set the pull policy',
  description: 'Shows, sets or unsets the pull policy of commands without --pull-policy.',
  argument: { name: 'policy', optional: true, description: 'always, if-not-present or never (default: show it)' },
  formats: SHOWING_FORMATS,
  groups,
  examples: [
    { line: 'cnb config pull-policy if-not-present', does: 'pull only absent images' },
    { line: 'cnb config pull-policy --unset', does: 'return to always' },
  ],
  load: async () => (await import('./values-handler.ts')).runPullPolicy,
})

export const lifecycleImageCommand = defineCommand({
  name: 'config lifecycle-image',
  summary: 'show or set the image of the lifecycle',
  description: "Shows, sets or unsets the image with the lifecycle to use instead of the builder's.",
  argument: { name: 'image', optional: true, description: 'image with a lifecycle (default: show the current one)' },
  formats: SHOWING_FORMATS,
  groups,
  examples: [
    { line: 'cnb config lifecycle-image buildpacksio/lifecycle:0.21.0', does: 'set the image' },
    { line: 'cnb config lifecycle-image --unset', does: 'remove it' },
  ],
  load: async () => (await import('./values-handler.ts')).runLifecycleImage,
})

export const experimentalCommand = defineCommand({
  name: 'config experimental',
  summary: 'show or set the experimental mode of pack',
  description: 'Shows or sets a value that only pack reads: cnb has no experimental features.',
  argument: { name: 'value', optional: true, description: 'true or false (default: show the current one)' },
  formats: SHOWING_FORMATS,
  groups: [],
  examples: [
    { line: 'cnb config experimental', does: 'show the value' },
    { line: 'cnb config experimental true', does: 'set it for pack' },
  ],
  load: async () => (await import('./values-handler.ts')).runExperimental,
})
