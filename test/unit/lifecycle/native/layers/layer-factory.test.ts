import { readdirSync } from 'node:fs'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { makeTemporaryDirectory } from '../../../../../src/base/files.ts'
import { digestOf } from '../../../../../src/oci/digest.ts'
import { LayerFactory } from '../../../../../src/lifecycle/native/layers/layer-factory.ts'
import { GOLDEN_OWNER, GOLDEN_ROOT, contentOf, filesOf, goldenTrees, headerOf } from './golden-layers.ts'

const EMPTY_TAR = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef'

const golden = goldenTrees.map((tree) => {
  const entries = tree.entries.map((entry) => ({ ...headerOf(entry), content: contentOf(entry) }))
  return { ...tree, parents: tree.parents.map(headerOf), files: filesOf(() => entries) }
})

const header = { mode: 0o644, uid: 5, gid: 5, mtime: 1 }
const directory = (name: string) => ({ ...header, type: 'directory' as const, name: Buffer.from(name), size: 0 })
const file = (name: string, content: Buffer | string) => ({
  ...header,
  type: 'file' as const,
  name: Buffer.from(name),
  size: content.length,
  content: Buffer.from(content),
})
const link = (name: string, target: string) => ({
  ...header,
  type: 'link' as const,
  name: Buffer.from(name),
  linkname: Buffer.from(target),
  size: 0,
})

describe('LayerFactory', () => {
  it("creates the lifecycle's layer of each directory", async () => {
    expect(golden.some(({ entries }) => entries.some(({ type }) => type === 'link'))).toBe(true)
    for (const { files, parents, directory: expected } of golden) {
      await using factory = new LayerFactory(files, GOLDEN_OWNER)
      const layer = await factory.directoryLayer(GOLDEN_ROOT, parents, {})
      expect(layer).toMatchObject({ diffId: expected.diffId })
      const tar = await buffer(await layer.open())
      expect([digestOf(tar), tar.length]).toEqual([layer.diffId, layer.size])
    }
  })

  it('computes the size of each layer from a list of its files, and passes its bytes to a copy', async () => {
    for (const { entries, parents, directory: expected } of golden) {
      const headers = entries.map(headerOf)
      // A hard link is listed like its target.
      const targets = new Map(headers.map((header) => [header.name.toString('latin1'), header]))
      const listed = headers.map((header) => (header.type === 'link' ? { ...targets.get(header.linkname!.toString('latin1'))!, name: header.name } : header))
      const files = { ...filesOf(() => entries.map((entry) => ({ ...headerOf(entry), content: contentOf(entry) }))), list: async () => Readable.from(listed) }
      await using factory = new LayerFactory(files, GOLDEN_OWNER)
      const received: { size: number | undefined; bytes: Buffer[] }[] = []
      const layer = await factory.directoryLayer(GOLDEN_ROOT, parents, {}, async (sizeOf) => {
        const copied = { size: await sizeOf(), bytes: [] as Buffer[] }
        received.push(copied)
        return { write: async (chunk) => void copied.bytes.push(chunk), finish: async () => {}, [Symbol.asyncDispose]: async () => {} }
      })
      expect(layer.diffId).toBe(expected.diffId)
      expect([received.at(-1)?.size, digestOf(Buffer.concat(received.at(-1)?.bytes ?? []))]).toEqual([layer.size, layer.diffId])
    }
  })

  it("creates the lifecycle's slices of each app, with its texts for the history", async () => {
    for (const { files, parents, slices, app } of golden) {
      await using factory = new LayerFactory(files, GOLDEN_OWNER)
      const layers = await factory.sliceLayers(GOLDEN_ROOT, parents, slices.map((paths) => ({ paths })), {})
      expect(layers.map(({ layer, createdBy }) => ({ diffId: layer.diffId, createdBy }))).toEqual(app)
      for (const { layer } of layers) expect(digestOf(await buffer(await layer.open()))).toBe(layer.diffId)
    }
  })

  it('reads a directory without hard links once, and any sliced app once', async () => {
    const files = filesOf(() => [directory('/l'), file('/l/a', 'a')])
    await using factory = new LayerFactory(files, GOLDEN_OWNER)
    await factory.directoryLayer('/l', [], {})
    expect(files.calls).toBe(1)
    const linked = filesOf(() => [directory('/l'), file('/l/a', 'a'), link('/l/b', '/l/a')])
    await using other = new LayerFactory(linked, GOLDEN_OWNER)
    const [app] = await other.sliceLayers('/l', [], [], {})
    await buffer(await app!.layer.open())
    expect(linked.calls).toBe(1)
  })

  it('writes the content for each name of a hard-linked file, and the target for each name of a link', async () => {
    const names = [directory('/l'), file('/l/a', 'same'), link('/l/b', '/l/a'), { ...link('/l/c', 'x'), type: 'symlink' as const }, link('/l/d', '/l/c')]
    const plain = [directory('/l'), file('/l/a', 'same'), file('/l/b', 'same'), ...['/l/c', '/l/d'].map((name) => ({ ...link(name, 'x'), type: 'symlink' as const }))]
    await using factory = new LayerFactory(filesOf(() => names), GOLDEN_OWNER)
    await using expected = new LayerFactory(filesOf(() => plain), GOLDEN_OWNER)
    expect((await factory.directoryLayer('/l', [], {})).diffId).toBe((await expected.directoryLayer('/l', [], {})).diffId)
    expect((await factory.sliceLayers('/l', [], [], {}))[0]?.layer.diffId).toBe((await expected.sliceLayers('/l', [], [], {}))[0]?.layer.diffId)
  })

  it('stores contents that exceed its memory in an unlinked file', async () => {
    await using temporary = await makeTemporaryDirectory('cnb-unit-')
    vi.stubEnv('TMPDIR', temporary.path)
    onTestFinished(() => void vi.unstubAllEnvs())
    const big = Buffer.alloc(9 * 1024 * 1024, 'big')
    const files = filesOf(() => [directory('/l'), file('/l/a', big), link('/l/b', '/l/a'), file('/l/c', 'small')])
    const plain = filesOf(() => [directory('/l'), file('/l/a', big), file('/l/b', big), file('/l/c', 'small')])
    await using expected = new LayerFactory(plain, GOLDEN_OWNER)
    await using factory = new LayerFactory(files, GOLDEN_OWNER)
    const wanted = (await expected.directoryLayer('/l', [], {})).diffId
    const layer = await factory.directoryLayer('/l', [], {})
    const [app] = await factory.sliceLayers('/l', [], [], {})
    expect([layer.diffId, app?.layer.diffId]).toEqual([wanted, wanted])
    expect(digestOf(await buffer(await layer.open()))).toBe(wanted)
    expect(digestOf(await buffer(await app!.layer.open()))).toBe(wanted)
    expect(readdirSync(temporary.path)).toEqual([])
  })

  it('writes an empty layer, without parents, for a slice without files', async () => {
    await using factory = new LayerFactory(filesOf(() => [directory('/l'), file('/l/a', 'a')]), GOLDEN_OWNER)
    const layers = await factory.sliceLayers('/l', [directory('/parent')], [{ paths: ['none'] }, { paths: [] }], {})
    expect(layers.map(({ layer }) => layer.diffId === EMPTY_TAR)).toEqual([true, true, false])
  })

  it('fails with CNB_APP_CHANGED if an opened layer differs from the hashed one', async () => {
    let content = 'before'
    await using factory = new LayerFactory(filesOf(() => [directory('/l'), file('/l/a', content), link('/l/b', '/l/a')]), GOLDEN_OWNER)
    const layer = await factory.directoryLayer('/l', [], {})
    content = 'after!'
    await expect(buffer(await layer.open())).rejects.toMatchObject({ code: 'CNB_APP_CHANGED' })
  })

  it('fails with CNB_APP_CHANGED if hard links appear between two reads', async () => {
    let reading = 0
    const files = filesOf(() =>
      reading++ === 0
        ? [directory('/l'), file('/l/a', 'a'), file('/l/b', 'b'), link('/l/c', '/l/a')]
        : [directory('/l'), file('/l/a', 'a'), file('/l/b', 'b'), link('/l/c', '/l/b')],
    )
    await using factory = new LayerFactory(files, GOLDEN_OWNER)
    await expect(factory.directoryLayer('/l', [], {})).rejects.toMatchObject({ code: 'CNB_APP_CHANGED' })
  })

  it('reports the path of a missing directory', async () => {
    await using factory = new LayerFactory(filesOf(() => []), GOLDEN_OWNER)
    const wrong = { code: 'CNB_EXPORT_FAILED', message: 'cannot read /l: the container does not have it' }
    await expect(factory.directoryLayer('/l', [], {})).rejects.toMatchObject(wrong)
    await expect(factory.sliceLayers('/l', [], [], {})).rejects.toMatchObject(wrong)
  })

  it('reports a hard link without its target', async () => {
    await using factory = new LayerFactory(filesOf(() => [directory('/l'), link('/l/a', '/l/none')]), GOLDEN_OWNER)
    await expect(factory.sliceLayers('/l', [], [], {})).rejects.toMatchObject({ code: 'CNB_ENGINE_FAILED' })
  })

  it('stops when the signal aborts', async () => {
    const stop = new AbortController()
    const files = filesOf(() => {
      stop.abort()
      return [directory('/l'), file('/l/a', 'a')]
    })
    await using factory = new LayerFactory(files, GOLDEN_OWNER)
    await expect(factory.directoryLayer('/l', [], { signal: stop.signal })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
    await expect(factory.sliceLayers('/l', [], [], { signal: stop.signal })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  })
})
