/** Definition of `cnb rebase`. */

import { defineCommandOnSeveral, MAKING_FORMATS, type OptionGroup } from '../command.ts'
import { previousImage, pullPolicy, reportOutputDir, runImage } from '../options/images.ts'
import { reports } from '../options/reports.ts'
import { insecureRegistries, registryCaCerts, registryMirrors } from '../options/registry.ts'

const groups = [
  {
    title: 'Rebase:',
    options: {
      runImage,
      previousImage,
      pullPolicy,
      force: { kind: 'flag', flags: '-f, --force', description: 'override rebase rules; accept an unlisted run image' },
      dryRun: {
        kind: 'flag',
        flags: '-n, --dry-run',
        description: 'report outdated images without changing them (exit code 3)',
      },
      fromFile: {
        kind: 'text',
        flags: '--from-file <file>',
        description: "file with one image per line, # for comments; '-' for stdin",
      },
      reportOutputDir,
      ...reports,
    },
  },
  {
    title: 'Registries:',
    options: {
      publish: {
        kind: 'flag',
        flags: '--publish',
        description: 'rebase in the registry, without an engine; all platforms',
      },
      allTags: { kind: 'list', flags: '--all-tags <repository>', description: 'all images of a repository; needs --publish; repeatable' },
      concurrency: { kind: 'number', flags: '--concurrency <number>', description: 'parallel rebases; needs --publish (default: 12)' },
      insecureRegistries,
      registryMirrors,
      caCerts: registryCaCerts,
    },
  },
] as const satisfies readonly OptionGroup[]

export const rebaseCommand = defineCommandOnSeveral({
  name: 'rebase',
  summary: 'move app images to a newer run image',
  description: "Replaces the run image's layers in app images without a rebuild, for example to apply operating system updates.",
  argument: { name: 'image', description: 'images built by buildpacks', several: true },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb rebase my-app', does: 'move to the newest version of the run image that the app lists' },
    { line: 'cnb rebase my-app --run-image my-run:patched --force', does: 'move to a run image that the app does not list' },
    { line: 'cnb rebase --publish --all-tags registry.example/team/app', does: 'rebase all images of a repository in the registry' },
    { line: 'cnb rebase --publish --from-file fleet.txt --dry-run', does: 'list outdated images' },
  ],
  load: async () => (await import('./rebase-handler.ts')).runRebase,
})
