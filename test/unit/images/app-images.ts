/** App and run images as data, for unit tests. */

import { Readable } from 'node:stream'
import type { Image, Layer } from '../../../src/images/image.ts'
import { digestOf } from '../../../src/oci/digest.ts'

/** A layer with its name as content. */
export function layer(name: string): Layer {
  return { diffId: digestOf(name), size: name.length, open: async () => Readable.from([Buffer.from(name)]) }
}

export interface ImageChanges extends Partial<Omit<Image, 'layers' | 'config'>> {
  layers?: string[]
  env?: string[]
  osVersion?: string
}

export function image({ layers = [], env = [], osVersion, ...changes }: ImageChanges = {}): Image {
  const platform = changes.platform ?? { os: 'linux', architecture: 'amd64' }
  const labels = changes.labels ?? {}
  const made = layers.map(layer)
  return {
    reference: 'my/image',
    id: digestOf(JSON.stringify([layers, labels])),
    repoDigests: [],
    ...changes,
    platform,
    labels,
    layers: made,
    config: {
      ...platform,
      ...(osVersion ? { 'os.version': osVersion } : {}),
      author: 'somebody',
      created: '2020-01-01T00:00:00Z',
      config: { Env: env, User: '1000', Labels: labels, Entrypoint: ['/cnb/process/web'] },
      rootfs: { type: 'layers', diff_ids: made.map(({ diffId }) => diffId) },
      history: made.map((_, index) => ({ created: '2020-01-01T00:00:00Z', created_by: `step ${index}` })),
    },
  }
}

/** The label of an app on `my/run` or its mirror; `top` is the base's top layer. */
export function lifecycleLabel(top: string, more: Record<string, unknown> = {}): string {
  return JSON.stringify({
    app: [{ sha: digestOf('code') }],
    buildpacks: [{ key: 'a', version: '1', layers: { deps: { sha: digestOf('deps'), data: null, build: false, launch: true, cache: false } } }],
    launcher: { sha: digestOf('launcher') },
    runImage: { topLayer: digestOf(top), reference: 'old-reference', image: 'my/run:1', mirrors: ['r.example/run'] },
    ...more,
  })
}

/** An app for Platform API 0.15, with the base layers `a` and `b`. */
export function app(changes: ImageChanges = {}, metadata: Record<string, unknown> = {}): Image {
  const { labels, ...more } = changes
  return image({
    reference: 'my/app',
    layers: ['a', 'b', 'deps', 'code', 'launcher'],
    env: ['PATH=/app', 'CNB_PLATFORM_API=0.15'],
    ...more,
    labels: { 'io.buildpacks.lifecycle.metadata': lifecycleLabel('b', metadata), ...labels },
  })
}

/** A new version of the app's run image. */
export function newRun(changes: ImageChanges = {}): Image {
  return image({ reference: 'my/run:2', layers: ['a', 'new'], env: ['PATH=/run'], ...changes })
}
