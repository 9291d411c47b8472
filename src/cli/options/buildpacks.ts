/** Options of `build` for buildpacks and extensions. */

import type { OptionGroup } from '../command.ts'

const registryDescription = "buildpack registry (default: the configuration file's)"

/** pack has -R for `builder create`, --registry for `buildpack inspect`, and -r elsewhere. */
export const buildpackRegistry = { kind: 'text', flags: '-r, --buildpack-registry <name>', description: registryDescription } as const
export const inspectedRegistry = { kind: 'text', flags: '-r, --registry <name>', description: registryDescription } as const
export const builderRegistry = { kind: 'text', flags: '-R, --buildpack-registry <name>', description: registryDescription } as const

export const buildpackSources = {
  title: 'Buildpacks:',
  options: {
    buildpacks: {
      kind: 'list',
      commas: true,
      flags: '-b, --buildpack <buildpack>',
      description: "buildpack in place of the order: ID, path, URL, image",
    },
    preBuildpacks: {
      kind: 'list',
      flags: '--pre-buildpack <buildpack>',
      description: "buildpack before those of the builder's order; repeatable",
    },
    postBuildpacks: {
      kind: 'list',
      flags: '--post-buildpack <buildpack>',
      description: "buildpack after those of the builder's order; repeatable",
    },
    extensions: {
      kind: 'list',
      commas: true,
      flags: '--extension <extension>',
      description: "extension in place of the builder's extensions",
    },
    disableSystemBuildpacks: { kind: 'flag', flags: '--disable-system-buildpacks', description: "build without the builder's system buildpacks" },
    buildpackRegistry,
  },
} as const satisfies OptionGroup
