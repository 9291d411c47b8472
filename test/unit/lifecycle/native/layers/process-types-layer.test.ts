import { describe, expect, it } from 'vitest'
import { processTypesLayer } from '../../../../../src/lifecycle/native/layers/process-types-layer.ts'

describe('processTypesLayer', () => {
  it("returns the lifecycle's layer in the order of the types", async () => {
    const layer = await processTypesLayer(['web', 'worker'])
    // From the lifecycle.
    expect(layer.diffId).toBe('sha256:c32b6c6d08c5d84a980a518d1dd9093c22b9e003f2b6b468f12fe1e7cd918b3f')
    expect((await processTypesLayer(['worker', 'web'])).diffId).not.toBe(layer.diffId)
  })

  it.each(['', 'a/b', 'a>b', 'a<b', 'a:b', 'a|b', 'a&b', 'a\\b', 'a\0b'])('rejects the type %j', async (type) => {
    await expect(processTypesLayer([type])).rejects.toMatchObject({ code: 'CNB_EXPORT_FAILED' })
  })
})
