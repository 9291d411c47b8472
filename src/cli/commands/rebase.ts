/** `cnb rebase` on the command line. */

import { defineCommandOnSeveral, MAKING_FORMATS, type OptionGroup } from '../command.ts'
import { previousImage, pullPolicy, reportOutputDir, runImage } from '../options/images.ts'
import { insecureRegistries, registryCaCerts, registryMirrors } from '../options/registry.ts'

const groups = [
  {
    title: 'Rebase:',
    options: {
      runImage,
      previousImage,
      pullPolicy,
      force: { kind: 'flag', flags: '-f, --force', description: 'rebase even if a rule forbids it, and record a run image that the app does not name' },
      dryRun: {
        kind: 'flag',
        flags: '-n, --dry-run',
        description: 'tell what would change and why, and change nothing; ends with 3 when something would',
      },
      fromFile: {
        kind: 'text',
        flags: '--from-file <file>',
        description: "file with an image on each line, and comments after #; '-' for the standard input",
      },
      reportOutputDir,
    },
  },
  {
    title: 'Registries:',
    options: {
      publish: {
        kind: 'flag',
        flags: '--publish',
        description: 'rebase in the registry, without an engine: images for several platforms too, and no layer is moved',
      },
      allTags: { kind: 'list', flags: '--all-tags <repository>', description: 'all images of a repository; with --publish, repeatable' },
      concurrency: { kind: 'number', flags: '--concurrency <number>', description: 'images at once; with --publish (default: 12)' },
      insecureRegistries,
      registryMirrors,
      caCerts: registryCaCerts,
    },
  },
] as const satisfies readonly OptionGroup[]

export const rebaseCommand = defineCommandOnSeveral({
  name: 'rebase',
  summary: 'put apps on a newer run image',
  description: "Puts apps' layers on a newer run image without building anything: for updates of the operating system.",
  argument: { name: 'image', description: 'images that were built by buildpacks', several: true },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb rebase my-app', does: 'move to the newest run image that the app names' },
    { line: 'cnb rebase my-app --run-image my-run:patched --force', does: 'move to one that it does not name' },
    { line: 'cnb rebase --publish --all-tags registry.example/team/app', does: 'move all images of a repository, where they are' },
    { line: 'cnb rebase --publish --from-file fleet.txt --dry-run', does: 'see which images of a list are outdated' },
  ],
  load: async () => (await import('./rebase-handler.ts')).runRebase,
})
