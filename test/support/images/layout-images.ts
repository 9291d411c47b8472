/** Images and layouts for tests of layouts. */

import { Readable } from 'node:stream'
import { onTestFinished } from 'vitest'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import type { Context } from '../../../src/base/events.ts'
import type { ImagePlan, Layer, SavedImage } from '../../../src/images/image.ts'
import { LayerBlobs } from '../../../src/images/layers/layer-blobs.ts'
import { parseLayoutLocation } from '../../../src/images/oci-layout/layout-location.ts'
import { saveToLayout } from '../../../src/images/oci-layout/layout-sink.ts'
import { openLayoutImages } from '../../../src/images/oci-layout/layout-source.ts'
import type { StoredImage } from '../../../src/images/stored-image.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { parseTag } from '../../../src/oci/reference.ts'

const AMD64 = { os: 'linux', architecture: 'amd64' } as const

/** Creates a directory that is removed after the test. */
export async function makeDirectory(): Promise<string> {
  const made = await makeTemporaryDirectory('cnb-test-')
  onTestFinished(() => made[Symbol.asyncDispose]())
  return made.path
}

export function layerOf(content: string | Buffer): Layer {
  return { diffId: digestOf(content), open: async () => Readable.from([Buffer.from(content)], { objectMode: false }) }
}

/** Returns an image on a base of one layer. */
export function planOf(layers: readonly Layer[], more: { names?: readonly string[]; labels?: Record<string, string> } = {}): ImagePlan {
  const { names = ['app'], labels = {} } = more
  const rootfs = { type: 'layers' as const, diff_ids: layers.map(({ diffId }) => diffId) }
  const config = { ...AMD64, config: { Labels: labels }, rootfs }
  const base = { reference: 'base', id: 'base', repoDigests: [], platform: AMD64, config, labels: {}, layers: layers.slice(0, 1) }
  return { base, config, layers, tags: names.map((name) => parseTag(name)) }
}

/** @param location `oci:DIR[:NAME]` */
export async function save(location: string, plan: ImagePlan, more: { sparse?: boolean } & Context = {}): Promise<SavedImage> {
  await using blobs = new LayerBlobs()
  const { sparse, ...context } = more
  return await saveToLayout({ ...parseLayoutLocation(location), ...(sparse === undefined ? {} : { sparse }) }, plan, blobs, context)
}

export function find(location: string, platform: { os: string; architecture: string } = AMD64): Promise<StoredImage | undefined> {
  return openLayoutImages(platform).find(location)
}
