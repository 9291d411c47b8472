import { describe, expect, test } from 'vitest'
import { readLifecycleMetadata } from '../../../../src/images/labels/lifecycle-metadata.ts'
import { topLayerIndex } from '../../../../src/images/labels/top-layer.ts'
import { layer, lifecycleLabel } from '../app-images.ts'

describe('topLayerIndex', () => {
  const indexIn = (layers: string[], top: string): number => {
    const label = { 'io.buildpacks.lifecycle.metadata': lifecycleLabel(top) }
    return topLayerIndex(layers.map((name) => layer(name).diffId), readLifecycleMetadata({ reference: '', labels: label })!)
  }

  test("returns the top layer's index, or -1", () => {
    expect(indexIn(['a', 'b', 'deps', 'code'], 'b')).toBe(1)
    expect(indexIn(['a', 'b'], 'b')).toBe(1)
    expect(indexIn(['a', 'deps'], 'b')).toBe(-1)
  })

  test('finds the top of the base despite an empty layer twice in the base, or also in the app', () => {
    expect(indexIn(['empty', 'b', 'empty', 'deps', 'code'], 'empty')).toBe(2)
    expect(indexIn(['a', 'empty', 'deps', 'empty', 'code'], 'empty')).toBe(1)
  })
})
