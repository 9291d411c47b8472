/** Options on the images that commands start from and make. */

import type { OptionGroup } from '../command.ts'

export const pullPolicy = {
  kind: 'choice',
  choices: ['always', 'if-not-present', 'never'],
  defaultIs: "the configuration file's, or else always",
  flags: '--pull-policy <policy>',
  description: 'when to ask the registry for an image',
} as const

export const runImage = {
  kind: 'text',
  flags: '--run-image <image>',
  description: 'run image to use instead of the one that the builder or the app names',
} as const

export const previousImage = {
  kind: 'text',
  flags: '--previous-image <image>',
  description: 'image whose layers are reused (default: the image itself)',
} as const

export const tags = {
  kind: 'list',
  commas: true,
  flags: '-t, --tag <image>',
  description: 'another name for the image; repeat it or use commas',
} as const

export const reportOutputDir = {
  kind: 'text',
  flags: '--report-output-dir <dir>',
  description: 'write report.toml there',
} as const

/** What `build` starts from besides the app. */
export const builderImages = {
  title: 'Images:',
  options: {
    builder: { kind: 'text', flags: '-B, --builder <image>', description: 'builder image (default: the one that project.toml or else the configuration file names)' },
    runImage,
    previousImage,
    pullPolicy,
    platform: { kind: 'text', flags: '--platform <os/arch>', description: 'platform of builder and run image, os/arch[/variant]' },
    trustBuilder: {
      kind: 'flag',
      flags: '--trust-builder',
      description: 'with the stock lifecycle: all phases in one container, where the builder can reach the engine',
    },
    lifecycle: {
      kind: 'choice',
      choices: ['native', 'stock'],
      default: 'native',
      flags: '--lifecycle <driver>',
      description: "who analyzes, restores and exports: cnb itself, or the builder's own lifecycle with the engine's socket",
    },
  },
} as const satisfies OptionGroup
