/** A small image for FakeEngine, with the directories that a builder has. */

import { packTar, type TarEntry } from '../../../src/archive/tar/tar-writer.ts'
import type { ImageConfig } from '../../../src/oci/config.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import type { Platform } from '../../../src/oci/platform.ts'
import { buffer } from 'node:stream/consumers'
import type { FakeEngine } from './fake-engine.ts'

const file = (name: string, content: Buffer): TarEntry => ({
  type: 'file', name, mode: 0o644, uid: 0, gid: 0, mtime: 0, size: content.length, content,
})

/**
 * Loads it under `name`, and returns its ID.
 * @param files the contents of its one layer by path, without leading slash
 */
export async function loadFakeImage(
  engine: FakeEngine,
  name: string,
  config: Partial<ImageConfig['config']> = {},
  files: Readonly<Record<string, string>> = { 'cnb/order.toml': '' },
  platform: Partial<Platform> = {},
): Promise<string> {
  const layer = await buffer(packTar(Object.entries(files).map(([path, content]) => file(path, Buffer.from(content)))))
  const document = Buffer.from(
    JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      ...platform,
      config: { User: '1001:1000', Env: ['PATH=/bin', 'CNB_USER_ID=1001', 'CNB_GROUP_ID=1000'], ...config },
      rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
    } satisfies ImageConfig),
  )
  const manifest = Buffer.from(JSON.stringify([{ Config: 'config.json', RepoTags: [/:[^/]*$/.test(name) ? name : `${name}:latest`], Layers: ['layer.tar'] }]))
  await engine.images.load(packTar([file('config.json', document), file('layer.tar', layer), file('manifest.json', manifest)]))
  return digestOf(document)
}
