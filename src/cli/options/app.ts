/** Options on the app that `build` reads and on what its buildpacks are told. */

import type { OptionGroup } from '../command.ts'

export const appSource = {
  title: 'App:',
  options: {
    path: { kind: 'text', flags: '-p, --path <path>', description: 'app: a directory or a zip archive (default: the working directory)' },
    descriptor: {
      kind: 'text',
      flags: '-d, --descriptor <file>',
      description: 'project descriptor (default: project.toml in the app)',
    },
    env: {
      kind: 'list',
      flags: '-e, --env <name[=value]>',
      description: "variable for the buildpacks; without a value, the host's; repeatable",
    },
    envFiles: { kind: 'list', flags: '--env-file <file>', description: 'file with one NAME or NAME=value per line; repeatable' },
    buildpacks: {
      kind: 'list',
      commas: true,
      flags: '-b, --buildpack <buildpack>',
      description: "used instead of the builder's order: id, id@version, directory or tar; repeat it or use commas",
    },
    execEnv: { kind: 'text', flags: '--exec-env <name>', description: 'what the image is for, such as test (default: production)' },
    defaultProcess: { kind: 'text', flags: '-D, --default-process <type>', description: 'process that the image starts (default: the one that the buildpacks choose, if any)' },
  },
} as const satisfies OptionGroup
