import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { launcherLayer } from '../../../../../src/lifecycle/native/layers/launcher-layer.ts'
import { digestOf } from '../../../../../src/oci/digest.ts'

const content = Buffer.from('#!/bin/sh\necho launcher\n')

describe('launcherLayer', () => {
  it("returns the lifecycle's layer at every open", async () => {
    const layer = await launcherLayer({ size: content.length, open: async () => Readable.from([content]) })
    // From the lifecycle.
    expect(layer.diffId).toBe('sha256:67907fd5852ed056a1edb19832b29149474fe641d361bf82bd37db86fb661b41')
    expect(digestOf(await buffer(await layer.open()))).toBe(layer.diffId)
  })

  it('rejects a content of another size', async () => {
    const short = { size: content.length + 1, open: async () => Readable.from([content]) }
    await expect(launcherLayer(short)).rejects.toMatchObject({ code: 'CNB_APP_CHANGED' })
  })
})
