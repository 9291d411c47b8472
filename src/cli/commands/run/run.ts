/** Definition of `cnb run`. */

import { defineCommandOnSeveral, MAKING_FORMATS, type OptionGroup } from '../../command.ts'

const groups = [
  {
    title: 'App:',
    options: {
      process: { kind: 'text', flags: '--process <type>', description: "process type to start instead of the image's default" },
      ports: { kind: 'list', flags: '-p, --port <port>', description: "published port, [address:][port:]app's port; repeatable" },
      env: { kind: 'list', flags: '-e, --env <name[=value]>', description: "variable; default value: the host's; repeatable" },
      envFiles: { kind: 'list', flags: '--env-file <file>', description: 'file with one NAME or NAME=value per line; repeatable' },
    },
  },
  {
    title: 'Container:',
    options: {
      name: { kind: 'text', flags: '--name <name>', description: "container's name" },
      detach: { kind: 'flag', flags: '-d, --detach', description: "return at once; 'docker stop' ends the app" },
      volumes: { kind: 'list', flags: '--volume <mount>', description: 'mount, host:target[:ro|rw], writable; repeatable' },
      network: { kind: 'text', flags: '--network <mode>', description: "network: host, none or a network's name" },
      memory: { kind: 'text', flags: '-m, --memory <size>', description: 'memory limit, such as 512m' },
      cpus: { kind: 'text', flags: '--cpus <number>', description: 'CPU limit, such as 1.5' },
      pidsLimit: { kind: 'number', flags: '--pids-limit <number>', description: 'process limit' },
      pullPolicy: {
        kind: 'choice',
        choices: ['always', 'if-not-present', 'never'],
        default: 'if-not-present',
        flags: '--pull-policy <policy>',
        description: 'image pull policy',
      },
    },
  },
] as const satisfies readonly OptionGroup[]

export const runImageCommand = defineCommandOnSeveral({
  name: 'run',
  summary: 'start an app image',
  description:
    'Starts a container of an image, prints its output, and removes it when it ends. The app finds its port in the variable PORT; the port is ' +
    'published at the loopback address of the engine. Ctrl-C sends SIGTERM to the app, and kills it after 5 seconds or on a second Ctrl-C. ' +
    "The exit code is the app's.",
  argument: { name: 'image', second: '[args...]', description: "image to start, then the app's arguments after --" },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb run my-app', does: 'start the default process; it answers at http://localhost:8080' },
    { line: 'cnb run my-app --process worker --env LOG=debug -- --once', does: 'start another process with a variable and an argument' },
    { line: 'cnb run my-app -d --name web -p 0.0.0.0:80:8080', does: 'start it in the background, for other machines too' },
  ],
  load: async () => (await import('./run-handler.ts')).runRun,
})
