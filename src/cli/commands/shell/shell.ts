/** Definition of `cnb shell`. */

import { defineCommandOnSeveral, MAKING_FORMATS } from '../../command.ts'

export const shellCommand = defineCommandOnSeveral({
  name: 'shell',
  summary: 'look around in a failed build',
  description:
    "Opens a shell in the container of a build that failed with --keep-on-failure: the buildpacks' user, environment, mounts and network, in the app's " +
    'directory. Secrets of the build are gone. The container stays for a day, or until the next build of the image. The exit code is the ' +
    "shell's.",
  argument: { name: 'image', several: true, description: 'failed build (default: newest), then a command after --' },
  formats: MAKING_FORMATS,
  groups: [],
  examples: [
    { line: 'cnb shell my-app', does: 'open a shell in the failed build of my-app' },
    { line: 'cnb shell my-app -- ls -l /layers', does: 'run a command in it, also without a terminal' },
  ],
  load: async () => (await import('./shell-handler.ts')).runShell,
})
