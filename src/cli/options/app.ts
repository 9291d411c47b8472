/** Options of `build` for the app and the environment of its buildpacks. */

import type { OptionGroup } from '../command.ts'

export const appSource = {
  title: 'App:',
  options: {
    path: { kind: 'text', flags: '-p, --path <path>', description: 'app directory or zip archive (default: working directory)' },
    descriptor: {
      kind: 'text',
      flags: '-d, --descriptor <file>',
      description: 'project descriptor (default: project.toml in the app)',
    },
    env: {
      kind: 'list',
      flags: '-e, --env <name[=value]>',
      description: "build-time variable; default value: the host's; repeatable",
    },
    envFiles: { kind: 'list', flags: '--env-file <file>', description: 'file with one NAME or NAME=value per line; repeatable' },
    execEnv: { kind: 'text', flags: '--exec-env <name>', description: 'execution environment, such as test (default: production)' },
    listFiles: { kind: 'flag', flags: '--list-files', description: "print the app's files that a build gets, without a build" },
    defaultProcess: { kind: 'text', flags: '-D, --default-process <type>', description: "default process type (default: the buildpacks' choice)" },
  },
} as const satisfies OptionGroup
