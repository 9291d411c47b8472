/** Builder images for unit tests, with labels and an environment but without readable layers. */

import type { Image } from '../../../src/images/image.ts'

export const METADATA = {
  description: 'For tests',
  buildpacks: [{ id: 'acme/node', version: '1', name: 'Node' }],
  extensions: null,
  stack: { runImage: { image: '', mirrors: null } },
  lifecycle: {
    version: '0.21.0',
    api: { buildpack: '0.7', platform: '0.7' },
    apis: { buildpack: { deprecated: [], supported: ['0.11'] }, platform: { deprecated: ['0.7'], supported: ['0.14', '0.15'] } },
  },
  createdBy: { name: 'Pack CLI', version: '0.40.5' },
  images: [{ image: 'acme/run', mirrors: ['mirror.example/run'] }],
}

export function builderImage(
  labels: Record<string, string>,
  env: string[] = ['PATH=/usr/bin:/bin', 'CNB_USER_ID=1001', 'CNB_GROUP_ID=1000'],
  reference = 'acme/builder',
): Image {
  const diffId = `sha256:${'b'.repeat(64)}` as const
  return {
    reference,
    id: `sha256:${'c'.repeat(64)}`,
    repoDigests: [],
    platform: { os: 'linux', architecture: 'amd64' },
    config: {
      os: 'linux',
      architecture: 'amd64',
      created: '2026-11-21T00:00:00Z',
      config: { Env: env, Labels: labels, User: '1001:1000' },
      rootfs: { type: 'layers', diff_ids: [diffId] },
      history: [{ created_by: 'import' }],
    },
    layers: [{ diffId, open: () => Promise.reject(new Error('not for reading')) }],
    labels,
  }
}
