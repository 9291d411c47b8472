/** Definition of `cnb watch`. */

import { defineCommand, MAKING_FORMATS, type OptionGroup } from '../../../command.ts'
import { reconciliation, registries, state } from '../../../options/resources.ts'

const groups = [
  {
    title: 'Watch:',
    options: {
      pollGit: { kind: 'text', flags: '--poll-git <duration>', description: 'time between looks at git sources (default: 1m)' },
      pollBlobs: { kind: 'text', flags: '--poll-blobs <duration>', description: 'the same for archives at URLs (default: 5m)' },
      pollImages: { kind: 'text', flags: '--poll-images <duration>', description: 'the same for images in registries (default: 5m)' },
      pollLocal: { kind: 'text', flags: '--poll-local <duration>', description: 'the same for directories (default: 30s)' },
      listen: { kind: 'text', flags: '--listen <address>', description: 'accept webhooks at [HOST:]PORT' },
      webhookSecretFile: { kind: 'text', flags: '--webhook-secret-file <path>', description: 'file with the secret of the webhooks' },
      state,
    },
  },
  reconciliation,
  registries,
] as const satisfies readonly OptionGroup[]

export const watchCommand = defineCommand({
  name: 'watch',
  summary: 'keep the images of all resources up to date',
  description:
    'Polls the sources, stacks, stores, lifecycles, buildpacks and builders of the stored resources, and builds or rebases images when something changes, ' +
    'until it is stopped. Webhooks of GitHub, GitLab, Gitea and registries start builds at once. Other commands can change the resources meanwhile.',
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb watch', does: 'look at git every minute and at registries every 5' },
    { line: 'cnb watch --listen 0.0.0.0:8080 --webhook-secret-file secret', does: 'accept webhooks too' },
  ],
  load: async () => (await import('./watch-handler.ts')).runWatch,
})
