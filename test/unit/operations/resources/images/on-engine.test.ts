import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Context } from '../../../../../src/base/events.ts'
import { packTar } from '../../../../../src/archive/tar/tar-writer.ts'
import type { ImagePlan } from '../../../../../src/images/image.ts'
import { blobLayer } from '../../../../../src/images/layers/plain-layer.ts'
import { bytesBlob } from '../../../../../src/images/layers/bytes-blob.ts'
import { parseTag } from '../../../../../src/oci/reference.ts'
import { digestOf } from '../../../../../src/oci/digest.ts'
import { saveBuilder } from '../../../../../src/operations/resources/builders/engine-builder.ts'
import { buildOptions } from '../../../../../src/operations/resources/images/build-settings.ts'
import { readEngineImage } from '../../../../../src/operations/resources/images/built-image.ts'
import { isLost } from '../../../../../src/operations/resources/images/lost-image.ts'
import { warnOfUnused } from '../../../../../src/operations/resources/images/on-engine.ts'
import { Resources } from '../../../../../src/operations/resources/resources.ts'
import type { ReconcileScope } from '../../../../../src/operations/resources/scope.ts'
import type { EngineServices } from '../../../../../src/operations/services.ts'
import type { Build, BuildSpec, BuildStatus } from '../../../../../src/resources/kinds/build.ts'
import type { Image } from '../../../../../src/resources/kinds/image.ts'
import { FakeEngine } from '../../../../support/fakes/fake-engine.ts'
import { loadFakeImage } from '../../../../support/fakes/fake-image.ts'
import { MemoryStore } from '../../../../support/fakes/memory-store.ts'
import { containing } from '../../../../support/matching.ts'

const RUN_IMAGE = `registry.example/run@sha256:${'a'.repeat(64)}`
const LABELS = {
  'io.buildpacks.stack.id': 'test.stack',
  'io.buildpacks.build.metadata': JSON.stringify({ buildpacks: [{ id: 'test/java', version: '1' }], launcher: { version: '9' } }),
}

let engine: FakeEngine
beforeEach(() => void (engine = new FakeEngine()))

const buildWith = (spec: Partial<BuildSpec>, status: BuildStatus = {}): Build => ({
  apiVersion: 'kpack.io/v1alpha2', kind: 'Build', metadata: { name: 'shop-build-1', namespace: 'default', labels: { 'image.kpack.io/image': 'shop' } },
  spec: { tags: ['shop'], builder: { image: `example.com/builder:b@sha256:${'b'.repeat(64)}` }, source: {}, ...spec },
  status,
})

async function scopeWith(build: Build, to: 'engine' | 'registry' = 'engine'): Promise<ReconcileScope> {
  const store = new MemoryStore()
  await store.write(build)
  const services = { engine, owner: 'me' } as unknown as EngineServices
  const stored = await Resources.read(store, {}, { isPlan: true })
  await stored.writeStatus(build, build.status!, {})
  return { resources: stored, options: { to }, engine: async () => services } as unknown as ReconcileScope
}

const SHOP = { kind: 'Image', metadata: { name: 'shop', namespace: 'default' } } as Image

describe('an image on the engine', () => {
  test('is built with the tag of its builder, and neither pushed nor cached in a registry', async () => {
    const { resources } = await scopeWith(buildWith({}))
    const build = buildWith({ cache: { registry: { tag: 'example.com/cache' } } })
    const options = buildOptions(build, { path: '/source' }, { resources, options: { to: 'engine' } })
    expect(options).toMatchObject({ builder: 'example.com/builder:b', to: ['engine'] })
    expect(options).not.toHaveProperty('publish')
    expect(options).not.toHaveProperty('cacheImage')
    const messages: string[] = []
    const context: Context = { events: (event) => void (event.type === 'warning' && messages.push(event.message)) }
    warnOfUnused(build, context)
    warnOfUnused(buildWith({}), context)
    expect(messages).toEqual([containing("the cache image 'example.com/cache' is not used")])
  })

  test('has the status of its labels, with the run image of the Build', async () => {
    const id = await loadFakeImage(engine, 'shop', { Labels: LABELS })
    expect(await readEngineImage(id, RUN_IMAGE, engine, {})).toEqual({
      latestImage: id, buildMetadata: [{ id: 'test/java', version: '1' }], stack: { runImage: RUN_IMAGE, id: 'test.stack' }, lifecycleVersion: '9',
    })
    await engine.images.remove(id)
    await expect(readEngineImage(id, RUN_IMAGE, engine, {})).rejects.toThrow('the engine no longer has it')
  })

  test('needs labels', async () => {
    const id = await loadFakeImage(engine, 'shop')
    await expect(readEngineImage(id, RUN_IMAGE, engine, {})).rejects.toThrow('its labels do not say it')
  })

  test('is lost if the engine no longer has it', async () => {
    const latestImage = await loadFakeImage(engine, 'shop', { Labels: LABELS })
    const scope = await scopeWith(buildWith({}, { latestImage }))
    expect(await isLost(SHOP, scope, {})).toBe(false)
    await engine.images.remove(latestImage)
    expect(await isLost(SHOP, scope, {})).toBe(true)
  })

  test.each([
    ['in a registry', 'engine', RUN_IMAGE],
    ['for a registry', 'registry', digestOf('x')],
  ] as const)('needs no engine if the last image is %s', async (_title, to, latestImage) => {
    const scope = await scopeWith(buildWith({}, { latestImage }), to)
    expect(await isLost(SHOP, { ...scope, engine: () => Promise.reject(new Error('connected')) }, {})).toBe(false)
  })
})

test.each(['graphdriver', 'containerd'] as const)('saves a builder once on an engine with the store %s', async (imageStore) => {
  engine = new FakeEngine({ imageStore })
  const tar = await buffer(packTar([{ type: 'directory', name: 'cnb', mode: 0o755, uid: 0, gid: 0, mtime: 0 }]))
  const content = gzipSync(tar)
  let opened = 0
  const open = async (): Promise<Readable> => {
    opened++
    return Readable.from(content, { objectMode: false })
  }
  const blob = { ...bytesBlob({ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', content }), open }
  const diffId = digestOf(tar)
  const plan: ImagePlan = {
    config: { os: 'linux', architecture: 'amd64', config: {}, rootfs: { type: 'layers', diff_ids: [diffId] } },
    layers: [blobLayer(diffId, blob)], blobs: new Map([[diffId, blob]]), tags: [parseTag('example.com/builder:b')],
  }
  const services = { engine, owner: 'me' } as unknown as EngineServices
  const { id } = await saveBuilder(plan, services, {})
  expect((await engine.images.inspect('example.com/builder:b'))?.id).toBe(id)
  expect(opened).toBe(1)
  expect(await saveBuilder(plan, services, {})).toMatchObject({ id })
  expect(opened).toBe(1)
})
