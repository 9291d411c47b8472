/** Options for the images that commands read and write. */

import type { OptionGroup } from '../command.ts'

export const pullPolicy = {
  kind: 'choice',
  choices: ['always', 'if-not-present', 'never'],
  defaultIs: "the configuration file's, otherwise always",
  flags: '--pull-policy <policy>',
  description: 'image pull policy',
} as const

export const runImage = {
  kind: 'text',
  flags: '--run-image <image>',
  description: 'run image (default: from the builder or the app)',
} as const

export const previousImage = {
  kind: 'text',
  flags: '--previous-image <image>',
  description: 'image to reuse layers from (default: the image itself)',
} as const

export const lifecycleImage = {
  kind: 'text',
  flags: '--lifecycle-image <image>',
  description: 'image to take the lifecycle from',
} as const

export const tags = {
  kind: 'list',
  commas: true,
  flags: '-t, --tag <image>',
  description: 'additional name of the image; repeat or use commas',
} as const

export const reportOutputDir = {
  kind: 'text',
  flags: '--report-output-dir <dir>',
  description: 'directory to write report.toml to',
} as const

/** The images that `build` uses. */
export const builderImages = {
  title: 'Images:',
  options: {
    builder: { kind: 'text', flags: '-B, --builder <image>', description: 'builder image (default: from project.toml or config.toml)' },
    runImage,
    previousImage,
    pullPolicy,
    platforms: {
      kind: 'list',
      commas: true,
      flags: '--platform <os/arch>',
      description: 'platform, os/arch[/variant]; several make one index',
    },
    trustBuilder: {
      kind: 'flag',
      flags: '--trust-builder',
      description: 'all phases in one container, with the stock lifecycle',
    },
    trustExtraBuildpacks: {
      kind: 'flag',
      flags: '--trust-extra-buildpacks',
      description: 'one container also with added buildpacks (stock lifecycle)',
    },
    lifecycle: {
      kind: 'choice',
      choices: ['native', 'stock'],
      default: 'native',
      flags: '--lifecycle <driver>',
      description: 'lifecycle driver',
    },
    lifecycleImage,
  },
} as const satisfies OptionGroup
