import { describe, expect, it } from 'vitest'
import { memoryLayer } from '../../../../../src/lifecycle/native/layers/memory-layer.ts'
import type { LayerTreeEntry } from '../../../../../src/lifecycle/native/model.ts'
import { GOLDEN_OWNER, contentOf, goldenTrees, headerOf } from './golden-layers.ts'

const directory = (name: string): LayerTreeEntry => ({ type: 'directory', name, mode: 0o755, uid: 1001, gid: 1000, mtime: 0, size: 0 })

describe('memoryLayer', () => {
  it("returns the lifecycle's layer of the same directory, for entries in any order", async () => {
    for (const { parents, entries, directory: expected } of goldenTrees) {
      const inMemory = entries.map((entry): LayerTreeEntry => ({ ...headerOf(entry), ...(entry.type === 'file' ? { content: contentOf(entry) } : {}) }))
      expect((await memoryLayer(parents.map(headerOf), inMemory, GOLDEN_OWNER)).diffId).toBe(expected.diffId)
      expect((await memoryLayer(parents.map(headerOf), [...inMemory].reverse(), GOLDEN_OWNER)).diffId).toBe(expected.diffId)
    }
  })

  it("returns the lifecycle's config layer", async () => {
    const content = Buffer.from('buildpack-default-process-type = "web"\n')
    const metadata: LayerTreeEntry = { ...directory('/layers/config/metadata.toml'), type: 'file', mode: 0o644, size: content.length, content }
    const layer = await memoryLayer([directory('/layers')], [directory('/layers/config'), metadata], GOLDEN_OWNER)
    expect(layer.diffId).toBe('sha256:2d1a2783d6426288530d97232b51fa2c3ea1f5f47e8910ef23d2eedc230acf44')
  })

  it('rejects a hard link to a target outside of the layer, and a file without content', async () => {
    const link: LayerTreeEntry = { ...directory('/l/a'), type: 'link', linkname: '/elsewhere' }
    await expect(memoryLayer([], [directory('/l'), link], GOLDEN_OWNER)).rejects.toMatchObject({ code: 'CNB_EXPORT_FAILED' })
    const unread: LayerTreeEntry = { ...directory('/l/a'), type: 'file', size: 1 }
    await expect(memoryLayer([], [unread], GOLDEN_OWNER)).rejects.toMatchObject({ code: 'CNB_APP_CHANGED' })
  })
})
