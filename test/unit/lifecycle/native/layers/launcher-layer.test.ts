import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { Launcher } from '../../../../../src/lifecycle/native/layers/launcher-layer.ts'
import { digestOf } from '../../../../../src/oci/digest.ts'
import { filesOf } from './golden-layers.ts'

const LAUNCHER = '/cnb/lifecycle/launcher'
const content = Buffer.from('#!/bin/sh\necho launcher\n')
const entry = { type: 'file', name: Buffer.from(LAUNCHER), mode: 0o755, uid: 0, gid: 0, mtime: 0, size: content.length, content } as const

describe('Launcher', () => {
  it("returns the lifecycle's layer at every open, and reads the launcher once", async () => {
    const files = filesOf(() => [entry])
    await using launcher = new Launcher(files)
    const layer = await launcher.layer({})
    expect(await launcher.layer({})).toBe(layer)
    // From the lifecycle.
    expect(layer.diffId).toBe('sha256:67907fd5852ed056a1edb19832b29149474fe641d361bf82bd37db86fb661b41')
    for (let time = 0; time < 2; time++) expect(digestOf(await buffer(await layer.open()))).toBe(layer.diffId)
    expect(files.calls).toBe(1)
  })

  it.each([['no launcher', []], ['a directory', [{ ...entry, type: 'directory', size: 0 }]]] as const)('refuses a builder with %s', async (_, entries) => {
    await using launcher = new Launcher(filesOf(() => [...entries]))
    await expect(launcher.layer({})).rejects.toMatchObject({ code: 'CNB_BUILDER_INVALID' })
  })
})
