import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import type { Engine, EngineImage } from '../../../../src/docker/engine.ts'
import { saveToEngine } from '../../../../src/images/engine/engine-sink.ts'
import type { ImagePlan } from '../../../../src/images/image.ts'
import { encodeImageConfig } from '../../../../src/oci/config.ts'
import { digestOf, hexOf } from '../../../../src/oci/digest.ts'
import { parseTag } from '../../../../src/oci/reference.ts'
import { FakeEngine } from '../../../support/fakes/fake-engine.ts'
import { readTar } from '../../../support/fakes/fake-files.ts'
import { image, layer } from '../app-images.ts'
import { anyString } from '../../../support/matching.ts'

type Archive = Record<string, string>

/** An engine that records the received archives, and returns `answers` for the loads in order. */
function engineWith(imageStore: 'graphdriver', answers: (string[] | Error)[], product = 'docker') {
  const archives: Archive[] = []
  const named: [string, string][] = []
  const engine = {
    info: async () => ({ imageStore, product }),
    images: {
      load: async (tar: Readable) => {
        archives.push(Object.fromEntries((await readTar(await buffer(tar))).map(({ name, content }) => [name, content.toString()])))
        const answer = answers.shift() ?? []
        if (answer instanceof Error) throw answer
        return answer
      },
      inspect: async (): Promise<EngineImage | undefined> => undefined,
      tag: async (id: string, name: string) => void named.push([id, name]),
      remove: async () => {},
    },
  } as unknown as Engine
  return { engine, archives, named }
}

function planOf(base: string[], layers: string[], tags = ['my/app', 'r.example/app:2']): ImagePlan {
  return { base: image({ layers: base }), config: image({ layers }).config, layers: layers.map(layer), tags: tags.map((tag) => parseTag(tag)) }
}

/** An image of this number of layers. */
const deep = (count: number): ImagePlan => planOf(['0'], Array.from({ length: count }, (_, index) => String(index)))

const file = (name: string) => `${hexOf(digestOf(name))}.tar`

function manifestOf(archive: Archive | undefined): { Config: string; RepoTags: unknown; Layers: string[] } {
  const [manifest] = JSON.parse(archive?.['manifest.json'] ?? '[]') as [{ Config: string; RepoTags: unknown; Layers: string[] }]
  return manifest
}

describe('on a graph-driver store', () => {
  test('sends no image with more layers than Docker accepts', async () => {
    const { engine, archives } = engineWith('graphdriver', [])
    await expect(saveToEngine(engine, deep(126))).rejects.toMatchObject({
      code: 'CNB_ENGINE_FAILED',
      message: 'cannot load an image of 126 layers into the engine: its image store accepts at most 125',
    })
    expect(archives).toEqual([])
  })

  test.each([['125 layers to Docker', 125, 'docker'], ['126 layers to podman', 126, 'podman']])('sends an image of %s', async (_, count, product) => {
    const { engine, archives } = engineWith('graphdriver', [[]], product)
    await saveToEngine(engine, deep(count))
    expect(manifestOf(archives[0]).Layers).toHaveLength(count)
  })

  test("sends the base's layers as empty files, and returns the digest of the configuration as ID", async () => {
    const plan = planOf(['a', 'b', 'x'], ['a', 'b', 'c'])
    const id = digestOf(encodeImageConfig(plan.config))
    const { engine, archives, named } = engineWith('graphdriver', [[]])
    expect(await saveToEngine(engine, plan)).toEqual({ id, repoDigests: [], tags: ['my/app:latest', 'r.example/app:2'] })
    const [archive] = archives
    expect(archive).toEqual({ [`${hexOf(id)}.json`]: encodeImageConfig(plan.config).toString(), [file('a')]: '', [file('b')]: '', [file('c')]: 'c', 'manifest.json': anyString })
    expect(manifestOf(archive)).toEqual({ Config: `${hexOf(id)}.json`, RepoTags: null, Layers: [file('a'), file('b'), file('c')] })
    expect(named).toEqual([[id, 'docker.io/my/app:latest'], [id, 'r.example/app:2']])
  })

  test("sends a layer of the base above a new layer, as its chain is different", async () => {
    const { engine, archives } = engineWith('graphdriver', [[]])
    await saveToEngine(engine, planOf(['a', 'b'], ['new', 'b']))
    expect(Object.keys(archives[0] ?? {})).toEqual([anyString, file('new'), file('b'), 'manifest.json'])
  })

  test('sends a layer once if it is both omitted and needed', async () => {
    const { engine, archives } = engineWith('graphdriver', [[]])
    await saveToEngine(engine, planOf(['a'], ['a', 'b', 'a', 'b']))
    expect(manifestOf(archives[0]).Layers).toEqual([file('a'), file('b'), file('a'), file('b')])
    expect(archives[0]).toMatchObject({ [file('a')]: 'a', [file('b')]: 'b' })
  })

  test('sends all layers of an image without a base', async () => {
    const { engine, archives } = engineWith('graphdriver', [[]])
    await saveToEngine(engine, { ...planOf([], ['a', 'b']), base: undefined })
    expect(archives[0]).toMatchObject({ [file('a')]: 'a', [file('b')]: 'b' })
  })

  test('sends all layers after a failure of the engine', async () => {
    const { engine, archives } = engineWith('graphdriver', [new CnbError('CNB_ENGINE_FAILED', 'invalid diffID for layer 0'), []])
    await saveToEngine(engine, planOf(['a'], ['a', 'b']))
    expect(archives.map((archive) => archive[file('a')])).toEqual(['', 'a'])
    expect(archives.map((archive) => archive[file('b')])).toEqual(['b', 'b'])
  })

  /** A layer with a blob: the bytes of the blob are its media type. */
  const blobBacked = (name: string, mediaType: string) => {
    const content = Buffer.from(mediaType)
    return { ...layer(name), blob: { descriptor: { mediaType, digest: digestOf(content), size: content.length }, open: async () => Readable.from([content]) } }
  }

  test('sends gzip blobs of layers as they are, and other layers uncompressed', async () => {
    const { engine, archives } = engineWith('graphdriver', [[]])
    const types = ['application/vnd.oci.image.layer.v1.tar+gzip', 'application/vnd.docker.image.rootfs.diff.tar.gzip', 'application/vnd.oci.image.layer.v1.tar+zstd', 'application/octet-stream']
    const names = ['a', 'b', 'c', 'd']
    await saveToEngine(engine, { ...planOf([], names), layers: names.map((name, at) => blobBacked(name, types[at]!)) })
    expect(archives[0]).toMatchObject({ [file('a')]: types[0], [file('b')]: types[1], [file('c')]: 'c', [file('d')]: 'd' })
  })

  test('sends all layers uncompressed if the engine rejects a blob', async () => {
    const { engine, archives } = engineWith('graphdriver', [new CnbError('CNB_ENGINE_FAILED', 'invalid diffID for layer 0'), []])
    await saveToEngine(engine, { ...planOf([], ['a']), layers: [blobBacked('a', 'application/vnd.oci.image.layer.v1.tar+gzip')] })
    expect(archives.map((archive) => archive[file('a')])).toEqual(['application/vnd.oci.image.layer.v1.tar+gzip', 'a'])
  })

  test.each([
    ['the disk is full', ['a'], 'CNB_ENGINE_DISK_FULL'],
    ['all layers were sent', [], 'CNB_ENGINE_FAILED'],
  ] as const)('does not retry if %s, and sets no name', async (_, base, code) => {
    const { engine, archives, named } = engineWith('graphdriver', [new CnbError(code, 'no'), []])
    await expect(saveToEngine(engine, planOf([...base], ['a', 'b']))).rejects.toMatchObject({ code })
    expect([archives.length, named]).toEqual([1, []])
  })
})

describe('on the containerd store', () => {
  test('sends missing layers, and returns the digest of the manifest as ID', async () => {
    const engine = new FakeEngine({ imageStore: 'containerd' })
    const first = await saveToEngine(engine, planOf([], ['a', 'b']))
    expect(await engine.images.inspect(first.id)).toMatchObject({ diffIds: [digestOf('a'), digestOf('b')] })
    const base = { ...image({ layers: ['a', 'b'] }), id: first.id }
    const opened: string[] = []
    const watched = (name: string) => ({ ...layer(name), open: async () => (opened.push(name), layer(name).open()) })
    const plan = { ...planOf([], ['a', 'b', 'c']), base, layers: ['a', 'b', 'c'].map(watched) }
    const second = await saveToEngine(engine, plan)
    expect(opened).toEqual(['c'])
    expect(await engine.images.inspect('my/app')).toMatchObject({ id: second.id, diffIds: ['a', 'b', 'c'].map(digestOf) })
  })

  test('does not send an existing image again', async () => {
    const engine = new FakeEngine({ imageStore: 'containerd' })
    const { id } = await saveToEngine(engine, planOf([], ['a']))
    engine.images.load = () => Promise.reject(new Error('it was sent'))
    expect(await saveToEngine(engine, { ...planOf([], ['a'], ['other']), base: { ...image({ layers: ['a'] }), id } })).toEqual({ id, repoDigests: [`other@${id}`], tags: ['other:latest'] })
  })
})

describe('on a containerd store that loses a layer during the load', () => {
  /** Saves a second image with the layer `a` of the first image, which is collected before the first load. */
  async function saveMeanwhile(layers: ImagePlan['layers']) {
    const engine = new FakeEngine({ imageStore: 'containerd' })
    const first = await saveToEngine(engine, planOf([], ['a'], ['old']))
    const loaded: (string | undefined)[] = []
    const { images } = engine
    const load = images.load.bind(images)
    engine.images.load = async (tar, context) => {
      await engine.images.remove('old')
      return load(tar, context).finally(async () => loaded.push((await engine.images.inspect('my/app'))?.id))
    }
    const base = { ...image({ layers: ['a'] }), id: first.id }
    return { engine, loaded, saving: saveToEngine(engine, { ...planOf([], ['a', 'b']), base, layers }) }
  }

  test('sends all layers, and saves a complete image', async () => {
    const { engine, loaded, saving } = await saveMeanwhile([layer('a'), layer('b')])
    const { id } = await saving
    expect(loaded).toEqual([undefined, undefined])
    expect(await engine.images.inspect('my/app')).toMatchObject({ id, diffIds: [digestOf('a'), digestOf('b')] })
    expect([...engine.blobs.keys()]).toEqual(expect.arrayContaining([digestOf('a'), digestOf('b')]))
  })

  test('removes the image if the layer cannot be read again', async () => {
    const lost = { ...layer('a'), open: () => Promise.reject(new CnbError('CNB_IMAGE_INVALID', 'it is gone')) }
    const { engine, saving } = await saveMeanwhile([lost, layer('b')])
    await expect(saving).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID' })
    expect(await engine.images.inspect('my/app')).toBeUndefined()
    expect([...engine.blobs.keys()]).toEqual([])
  })
})

test('measures a layer of unknown size', async () => {
  const { engine, archives } = engineWith('graphdriver', [[]])
  const { size: _, ...unmeasured } = layer('a')
  await saveToEngine(engine, { ...planOf([], ['a']), layers: [unmeasured] })
  expect(archives[0]?.[file('a')]).toBe('a')
})
