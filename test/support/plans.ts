/** Valid builders, images and plans for unit tests; a test can replace each default. */

import { Readable } from 'node:stream'
import type { Builder } from '../../src/builder/builder.ts'
import type { Image } from '../../src/images/image.ts'
import type { BuildPlan } from '../../src/lifecycle/lifecycle.ts'
import { parseTag } from '../../src/oci/reference.ts'

const DIGEST = `sha256:${'a'.repeat(64)}` as const

export function anImage(changes: Partial<Image> = {}): Image {
  return {
    reference: 'some/image',
    id: DIGEST,
    repoDigests: [],
    platform: { os: 'linux', architecture: 'amd64' },
    config: { os: 'linux', architecture: 'amd64', config: {}, rootfs: { type: 'layers', diff_ids: [] } },
    layers: [],
    labels: {},
    ...changes,
  }
}

export function aBuilder(changes: Partial<Builder> = {}): Builder {
  const apis = { supported: ['0.7', '0.15'], deprecated: [] }
  return {
    image: anImage({ reference: 'some/builder', id: DIGEST }),
    uid: 1001,
    gid: 1000,
    description: '',
    createdBy: { name: '', version: '' },
    stack: { id: '', mixins: [] },
    lifecycle: { version: '0.21.0', buildpackApis: { supported: ['0.7', '0.8', '0.9', '0.10', '0.11', '0.12'], deprecated: [] }, platformApis: apis },
    runImages: [{ image: 'some/run', mirrors: [] }],
    buildpacks: [],
    extensions: [],
    buildpackLayers: {},
    order: [],
    orderExtensions: [],
    system: { pre: [], post: [] },
    ...changes,
  }
}

export function aPlan(changes: Partial<BuildPlan> = {}): BuildPlan {
  return {
    image: parseTag('my-app'),
    tags: [],
    builder: aBuilder(),
    platformApi: { major: 0, minor: 15 },
    runImage: { name: 'some/run', image: anImage({ reference: 'some/run' }) },
    findRunImage: (name) => Promise.reject(new Error(`nobody looks for ${name}`)),
    engineId: async ({ id }) => id,
    leavesEngine: false,
    runImages: [{ image: 'some/run', mirrors: ['mirror.example/run'] }],
    appEntries: () => Readable.from([]),
    appStatus: async () => ({ status: '', latest: 0, content: Buffer.alloc(0) }),
    buildpacks: [],
    env: new Map(),
    bindings: [],
    trusted: false,
    clearCache: false,
    execEnv: 'production',
    volumes: [],
    proxyEnv: [],
    limits: {},
    cacheVolumes: {
      build: 'some-cache.build',
      launch: 'some-cache.launch',
      layers: 'layers-volume',
      record: 'record-volume',
      state: 'state-volume',
      kaniko: 'kaniko-volume',
      app: 'app-volume',
      inputs: 'inputs-volume',
    },
    verbose: false,
    ...changes,
  }
}
