/** `cnb rebase` on the command line. */

import { defineCommand, MAKING_FORMATS, type OptionGroup } from '../command.ts'
import { previousImage, pullPolicy, reportOutputDir, runImage } from '../options/images.ts'

export const rebaseGroups = [
  {
    title: 'Rebase:',
    options: {
      runImage,
      previousImage,
      pullPolicy,
      force: { kind: 'flag', flags: '-f, --force', description: 'rebase even where the app might not run on the new base' },
      reportOutputDir,
    },
  },
] as const satisfies readonly OptionGroup[]

export const rebaseCommand = defineCommand({
  name: 'rebase',
  summary: 'put an app on a newer run image',
  description: "Puts an app's layers on a newer run image without building anything: for updates of the operating system.",
  argument: { name: 'image', description: 'image that was built by buildpacks' },
  formats: MAKING_FORMATS,
  groups: rebaseGroups,
  examples: [
    { line: 'cnb rebase my-app', does: 'move to the newest run image that the app names' },
    { line: 'cnb rebase my-app --run-image my-run:patched --force', does: 'move to one that it does not name' },
  ],
  load: async () => (await import('./rebase-handler.ts')).runRebase,
})
