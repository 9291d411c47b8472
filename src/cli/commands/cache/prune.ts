/** Definition of `cnb cache prune`. */

import { defineCommandOnSeveral, MAKING_FORMATS, type OptionGroup } from '../../command.ts'

const groups = [
  {
    title: 'What to remove:',
    options: {
      all: { kind: 'flag', flags: '-a, --all', description: 'all caches of this user, and the cache directory' },
      olderThan: { kind: 'text', flags: '--older-than <age>', description: "caches not used for a time, such as '30d' or '12h'" },
      keepSize: { kind: 'text', flags: '--keep-size <size>', description: "least recently used caches until the rest fits" },
      pack: { kind: 'flag', flags: '--pack', description: 'also the volumes that pack uses for the images' },
      otherKeys: { kind: 'flag', flags: '--other-keys', description: "also caches of other users' or lost volume keys" },
    },
  },
  {
    title: 'Prune:',
    options: {
      dryRun: { kind: 'flag', flags: '-n, --dry-run', description: 'only show what would be removed' },
      force: { kind: 'flag', flags: '-f, --force', description: 'remove without a question' },
    },
  },
] as const satisfies readonly OptionGroup[]

export const pruneCachesCommand = defineCommandOnSeveral({
  name: 'cache prune',
  summary: 'remove caches by age and size',
  description: 'Removes caches of builds from the engine, the least recently used first, and files of the cache directory. The next build of an image without a cache takes as long as its first one. Caches of builds that run, and volumes that cnb did not make, stay.',
  argument: { name: 'image', several: true, description: 'images to remove the caches of (default: all)' },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb cache prune --older-than 30d --keep-size 20GB', does: 'remove caches that are over one of two budgets' },
    { line: 'cnb cache prune my-app --force', does: 'remove the cache of one image without a question' },
    { line: 'cnb cache prune --all --dry-run', does: 'show what can be removed' },
  ],
  load: async () => (await import('./prune-handler.ts')).runPruneCaches,
})
