import { describe, expect, it } from 'vitest'
import { baseLayout } from '../../../../../src/lifecycle/native/extensions/base-layout.ts'
import { digestOf } from '../../../../../src/oci/digest.ts'
import type { Layer } from '../../../../../src/images/image.ts'
import { anImage } from '../../../../support/plans.ts'

const layer = (digit: string): Layer => ({ diffId: `sha256:${digit.repeat(64)}`, open: () => Promise.reject(new Error('not to be read')) })
const layers = [layer('1'), layer('2')]
const image = anImage({
  layers,
  config: {
    os: 'linux',
    architecture: 'amd64',
    config: { User: '1001:1000', Env: ['PATH=/bin'] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: [{ created_by: 'one' }],
  },
})

const { digest, entries } = baseLayout(image)
const contents = new Map(entries.map(({ name, content }) => [name.toString(), content as Buffer | undefined]))
const json = (name: string): unknown => JSON.parse(contents.get(name)?.toString() ?? '')
const blob = (wanted: string): string => `kaniko/cache/base/${digest}/blobs/sha256/${wanted.slice('sha256:'.length)}`

describe('baseLayout', () => {
  it('returns an OCI layout with matching digests of index, manifest and config', () => {
    expect(json(`kaniko/cache/base/${digest}/oci-layout`)).toEqual({ imageLayoutVersion: '1.0.0' })
    expect(json(`kaniko/cache/base/${digest}/index.json`)).toMatchObject({ manifests: [{ digest }] })
    const manifest = json(blob(digest)) as { config: { digest: string; size: number }; layers: unknown[] }
    expect(digestOf(contents.get(blob(digest)) ?? '')).toBe(digest)
    const config = contents.get(blob(manifest.config.digest)) ?? Buffer.alloc(0)
    expect(digestOf(config)).toBe(manifest.config.digest)
    expect(config.length).toBe(manifest.config.size)
    expect(manifest.layers).toMatchObject(layers.map(({ diffId }) => ({ digest: diffId })))
  })

  it('has the image\'s settings, and a history with one entry for each layer', () => {
    const manifest = json(blob(digest)) as { config: { digest: string } }
    expect(json(blob(manifest.config.digest))).toMatchObject({
      config: { User: '1001:1000', Env: ['PATH=/bin'] },
      rootfs: { diff_ids: layers.map(({ diffId }) => diffId) },
      history: [{}, {}],
    })
  })

  it('lists each directory before its entries, all owned by root', () => {
    const seen = new Set([''])
    for (const { name, type, uid, gid, mode } of entries) {
      const path = name.toString()
      expect(seen).toContain(path.split('/').slice(0, -1).join('/'))
      expect([uid, gid, mode & 0o022]).toEqual([0, 0, 0])
      if (type === 'directory') seen.add(path)
    }
  })

  it('has the same digest for the same image, and different digests for different images', () => {
    expect(baseLayout({ ...image, reference: 'other/name' }).digest).toBe(digest)
    expect(baseLayout({ ...image, layers: [layer('1'), layer('3')] }).digest).not.toBe(digest)
  })
})
