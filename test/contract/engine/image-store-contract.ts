/** The engine contract for image stores: layers that a load may omit, and blobs of a containerd store. */

import type { Readable } from 'node:stream'
import { buffer, json } from 'node:stream/consumers'
import { describe, expect, test, type TestContext } from 'vitest'
import type { EngineInfo } from '../../../src/docker/engine.ts'
import { digestOf, hexOf, type Digest } from '../../../src/oci/digest.ts'
import { packFiles } from '../../support/fakes/fake-files.ts'
import type { Bench } from './engine-contract.ts'

const OCI = 'application/vnd.oci.image'

const describeBlob = (mediaType: string, bytes: Buffer): object => ({ mediaType, digest: digestOf(bytes), size: bytes.length })

/** A layer that is unique to this run. */
const layerOf = (text: string, { id }: Bench): Promise<Buffer> => buffer(packFiles([[`etc/${text}`, `${text} ${id}`]]))

function configOf(layers: readonly Buffer[], { os, architecture }: EngineInfo['platform']): Buffer {
  return Buffer.from(JSON.stringify({ os, architecture, config: {}, rootfs: { type: 'layers', diff_ids: layers.map(digestOf) } }))
}

function dockerArchive(config: Buffer, files: readonly Buffer[], name: string): Readable {
  const Layers = files.map((_file, index) => `${index}.tar`)
  const manifest = JSON.stringify([{ Config: 'config.json', RepoTags: [name], Layers }])
  return packFiles([['config.json', config], ...files.map((file, index) => [`${index}.tar`, file] as const), ['manifest.json', manifest]])
}

/** An OCI archive with `layers` in its manifest, and only the blobs `sent`. */
function ociArchive(config: Buffer, layers: readonly Buffer[], sent: readonly Buffer[], name?: string): { id: Digest; tar: Readable } {
  const mediaType = `${OCI}.manifest.v1+json`
  const manifest = Buffer.from(JSON.stringify({
    schemaVersion: 2, mediaType,
    config: describeBlob(`${OCI}.config.v1+json`, config),
    layers: layers.map((layer) => describeBlob(`${OCI}.layer.v1.tar`, layer)),
  }))
  const annotations = name === undefined ? undefined : { 'io.containerd.image.name': `docker.io/library/${name}` }
  const index = { schemaVersion: 2, manifests: [{ ...describeBlob(mediaType, manifest), annotations }] }
  const blobs = [config, manifest, ...sent].map((blob) => [`blobs/sha256/${hexOf(digestOf(blob))}`, blob] as const)
  return { id: digestOf(manifest), tar: packFiles([['oci-layout', '{"imageLayoutVersion":"1.0.0"}'], ['index.json', JSON.stringify(index)], ...blobs]) }
}

export function imageStoreContract(bench: () => Bench): void {
  const only = async (store: EngineInfo['imageStore'], context: TestContext): Promise<Bench & { platform: EngineInfo['platform'] }> => {
    const { imageStore, platform } = await bench().engine.info()
    context.skip(imageStore !== store)
    return { ...bench(), platform }
  }

  describe('on a graph-driver store', () => {
    test('accepts empty files only for layers with a known chain', async (context) => {
      const { engine, id, platform, ...rest } = await only('graphdriver', context)
      // Podman checks only the layer, and has another message.
      context.skip((await engine.info()).product === 'podman')
      const [a, b] = [await layerOf('a', { engine, id, ...rest }), await layerOf('b', { engine, id, ...rest })]
      const [whole, swapped, empty] = [configOf([a, b], platform), configOf([b, a], platform), Buffer.alloc(0)]
      const name = `cnb-contract-${id}:chain`
      const invalid: unknown = expect.stringContaining('invalid diffID for layer 0')
      await expect(engine.images.load(dockerArchive(whole, [empty, empty], name))).rejects.toMatchObject({ code: 'CNB_ENGINE_FAILED', message: invalid })
      await engine.images.load(dockerArchive(whole, [a, b], name))
      await engine.images.load(dockerArchive(whole, [empty, empty], name))
      expect((await engine.images.inspect(name))?.id).toBe(digestOf(whole))
      await expect(engine.images.load(dockerArchive(swapped, [empty, empty], name))).rejects.toMatchObject({ message: invalid })
      await engine.images.remove(name)
    })

    test('has no content store', async (context) => {
      const { engine, image } = await only('graphdriver', context)
      const id = (await engine.images.inspect(image))!.id as Digest
      expect(await engine.content.info(id)).toBeUndefined()
      expect(await engine.content.read(id)).toBeUndefined()
    })
  })

  describe('on a containerd store', () => {
    test('identifies an image by its manifest, with blobs of config and layers', async (context) => {
      const { engine, image } = await only('containerd', context)
      const { id, diffIds } = (await engine.images.inspect(image))!
      const info = await engine.content.info(id as Digest)
      expect(info?.digest).toBe(id)
      const bytes = await buffer((await engine.content.read(id as Digest))!)
      expect(bytes.length).toBe(info?.size)
      expect(digestOf(bytes)).toBe(id)
      const manifest = JSON.parse(bytes.toString()) as { config: { digest: Digest }; layers: { digest: Digest; size: number }[] }
      const config = await json((await engine.content.read(manifest.config.digest))!)
      expect(config).toMatchObject({ rootfs: { diff_ids: diffIds } })
      const [layer] = manifest.layers
      expect((await engine.content.info(layer!.digest))?.labels['containerd.io/uncompressed']).toBe(diffIds[0])
      expect(digestOf(await buffer((await engine.content.read(layer!.digest))!))).toBe(layer!.digest)
    })

    test('returns undefined for a missing blob, also for concurrent calls', async (context) => {
      const { engine } = await only('containerd', context)
      const absent: Digest = `sha256:${'0'.repeat(64)}`
      const asked = [engine.content.info(absent), engine.content.read(absent), engine.content.info(absent), engine.content.read(absent)]
      expect(await Promise.all(asked)).toEqual([undefined, undefined, undefined, undefined])
    })

    test('stops reading a blob in the middle, or on an abort', async (context) => {
      const { engine, image } = await only('containerd', context)
      const id = (await engine.images.inspect(image))!.id as Digest
      ;(await engine.content.read(id))!.destroy()
      const aborted = AbortSignal.abort()
      await expect(engine.content.read(id, { signal: aborted })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
      await expect(engine.content.info(id, { signal: aborted })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
      expect((await engine.content.info(id))?.digest).toBe(id)
    })

    test('accepts an OCI archive without existing blobs, and removes blobs with their last image', async (context) => {
      const { engine, platform, ...rest } = await only('containerd', context)
      const [a, b] = [await layerOf('a', { engine, ...rest }), await layerOf('b', { engine, ...rest })]
      const first = ociArchive(configOf([a], platform), [a], [a], `cnb-contract-${rest.id}:first`)
      expect(await engine.images.load(first.tar)).toEqual([`cnb-contract-${rest.id}:first`])
      const second = ociArchive(configOf([a, b], platform), [a, b], [b])
      expect(await engine.images.load(second.tar)).toEqual([second.id])
      expect(await engine.images.inspect(second.id)).toMatchObject({ id: second.id, tags: [], diffIds: [digestOf(a), digestOf(b)] })
      await engine.images.remove(`cnb-contract-${rest.id}:first`)
      expect(await engine.content.info(digestOf(a))).toMatchObject({ size: a.length })
      await engine.images.remove(second.id)
      expect(await engine.content.info(digestOf(a))).toBeUndefined()
    })

    test('rejects an archive with a missing layer, and accepts a complete one later', async (context) => {
      const { engine, platform, ...rest } = await only('containerd', context)
      const [a, b] = [await layerOf('c', { engine, ...rest }), await layerOf('d', { engine, ...rest })]
      const config = configOf([a, b], platform)
      const message: unknown = expect.stringContaining(`${digestOf(b)}: not found`)
      const { id, tar } = ociArchive(config, [a, b], [a])
      await expect(engine.images.load(tar)).rejects.toMatchObject({ code: 'CNB_ENGINE_FAILED', message })
      expect(await engine.images.load(ociArchive(config, [a, b], [a, b]).tar)).toEqual([id])
      expect((await engine.images.inspect(id))?.diffIds).toEqual([digestOf(a), digestOf(b)])
      await engine.images.remove(id)
    })
  })
}
