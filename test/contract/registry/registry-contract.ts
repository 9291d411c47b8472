/** The contract of Registries, for the registry in memory and a real one. */

import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Descriptor } from '../../../src/oci/descriptor.ts'
import { digestOf, hexOf, type Digest } from '../../../src/oci/digest.ts'
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from '../../../src/oci/media-types.ts'
import type { Keychain } from '../../../src/registry/auth/keychain.ts'
import { openRegistries } from '../../../src/registry/open-registries.ts'
import type { Registries, Repository } from '../../../src/registry/registry.ts'

export interface RegistryUnderTest extends AsyncDisposable {
  /** `host:port`. */
  readonly address: string
  readonly keychain?: Keychain
  readonly ca?: readonly Buffer[]
  /** Optional features of registries. */
  readonly can: { readonly delete: boolean; readonly referrers: boolean }
}

const MORE_THAN_ANY_BUFFER = 5 << 20
const sourceOf = (bytes: Buffer): { open: () => Promise<Readable> } => ({ open: async () => Readable.from(bytes.length === 0 ? [] : [bytes]) })
const describeBlob = (bytes: Buffer, mediaType = OCI_LAYER): Descriptor => ({ mediaType, digest: digestOf(bytes), size: bytes.length })

/** Declares the suite; calls `start` once before it. */
export function registryContract(name: string, start: () => Promise<RegistryUnderTest>): void {
  describe(`${name} keeps the registry contract`, () => {
    let registry: RegistryUnderTest
    let registries: Registries
    let count = 0

    beforeAll(async () => {
      registry = await start()
      const { keychain = async () => undefined, ca } = registry
      registries = openRegistries({ keychain, ca, insecure: [], mirrors: {}, env: {}, userAgent: 'cnb-test' })
    })

    afterAll(async () => {
      await registries.close()
      await registry[Symbol.asyncDispose]()
    })

    /** An unused repository. */
    const fresh = (): { path: string; repository: Repository } => {
      const path = `contract/r${++count}`
      return { path, repository: registries.repository(`${registry.address}/${path}`, 'push') }
    }

    const upload = async (to: Repository, bytes: Buffer): Promise<Digest> => {
      await to.uploadBlob({ ...sourceOf(bytes), descriptor: describeBlob(bytes) })
      return digestOf(bytes)
    }

    /** An image manifest with its blobs in the repository. */
    const image = async (to: Repository, more: object = {}): Promise<Buffer> => {
      const config = randomBytes(20)
      await upload(to, config)
      return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config: describeBlob(config, OCI_CONFIG), layers: [], ...more }))
    }

    const tagsOf = async (repository: Repository): Promise<string[]> => {
      const tags: string[] = []
      for await (const tag of repository.tags()) tags.push(tag)
      return tags
    }

    test('reports missing content as missing', async () => {
      const { repository } = fresh()
      const digest = digestOf('nothing')
      expect(await repository.resolve('latest')).toBeUndefined()
      expect(await repository.resolve(digest)).toBeUndefined()
      expect(await repository.manifest('latest')).toBeUndefined()
      expect(await repository.hasBlob(digest)).toBe(false)
      expect(await repository.referrers(digest)).toEqual([])
      expect(await tagsOf(repository)).toEqual([])
      await expect(repository.blob({ digest })).rejects.toMatchObject({ code: 'CNB_REGISTRY_FAILED' })
    })

    test('stores a blob in one repository only', async () => {
      const { repository } = fresh()
      const bytes = randomBytes(MORE_THAN_ANY_BUFFER)
      const digest = await upload(repository, bytes)
      expect(await repository.hasBlob(digest)).toBe(true)
      expect((await buffer(await repository.blob({ digest, size: bytes.length }))).equals(bytes)).toBe(true)
      expect((await buffer(await repository.blob({ digest }))).equals(bytes)).toBe(true)
      expect(await fresh().repository.hasBlob(digest)).toBe(false)
    })

    test.each([0, 1, MORE_THAN_ANY_BUFFER])('stores a stream of %i bytes, and returns digest and size', async (size) => {
      const { repository } = fresh()
      const bytes = randomBytes(size)
      expect(await repository.uploadStream(sourceOf(bytes))).toEqual({ digest: digestOf(bytes), size })
      expect((await buffer(await repository.blob({ digest: digestOf(bytes), size }))).equals(bytes)).toBe(true)
    })

    test('rejects a blob with a wrong digest', async () => {
      const { repository } = fresh()
      const bytes = randomBytes(10)
      const descriptor = describeBlob(randomBytes(10))
      await expect(repository.uploadBlob({ ...sourceOf(bytes), descriptor })).rejects.toMatchObject({ code: 'CNB_REGISTRY_FAILED', status: 400 })
      expect(await repository.hasBlob(descriptor.digest)).toBe(false)
    })

    test('mounts a blob of another repository; requires an upload for a missing one', async () => {
      const { path, repository } = fresh()
      const { repository: other } = fresh()
      const digest = await upload(repository, randomBytes(10))
      expect(await other.mountBlob(digest, path)).toBe(true)
      expect(await other.hasBlob(digest)).toBe(true)
      expect(await other.mountBlob(digestOf('nowhere'), path)).toBe(false)
    })

    test('returns a manifest by tag and digest, byte for byte', async () => {
      const { repository } = fresh()
      const content = await image(repository)
      const descriptor = describeBlob(content, OCI_MANIFEST)
      expect(await repository.putManifest('1.0', { mediaType: OCI_MANIFEST, content })).toEqual(descriptor)
      for (const reference of ['1.0', descriptor.digest]) {
        expect(await repository.resolve(reference)).toEqual(descriptor)
        expect(await repository.manifest(reference)).toEqual({ descriptor, content })
      }
    })

    test('moves a tag to another manifest, and keeps the first one by digest', async () => {
      const { repository } = fresh()
      const [before, after] = [await image(repository), await image(repository)]
      for (const content of [before, after]) await repository.putManifest('tag', { mediaType: OCI_MANIFEST, content })
      expect((await repository.resolve('tag'))?.digest).toBe(digestOf(after))
      expect((await repository.manifest(digestOf(before)))?.content).toEqual(before)
    })

    test('stores a manifest without a tag, and an index of it', async () => {
      const { repository } = fresh()
      const content = await image(repository)
      const child = describeBlob(content, OCI_MANIFEST)
      await repository.putManifest(child.digest, { mediaType: OCI_MANIFEST, content })
      const manifests = [{ ...child, platform: { os: 'linux', architecture: 'amd64' } }]
      const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }))
      await repository.putManifest('multi', { mediaType: OCI_INDEX, content: index })
      expect(await repository.resolve('multi')).toEqual(describeBlob(index, OCI_INDEX))
      expect(await tagsOf(repository)).toEqual(['multi'])
    })

    test("rejects a manifest with missing blobs, with the registry's message", async () => {
      const { repository } = fresh()
      const content = await image(repository, { layers: [describeBlob(randomBytes(5))] })
      await expect(repository.putManifest('tag', { mediaType: OCI_MANIFEST, content })).rejects.toMatchObject({
        code: 'CNB_REGISTRY_FAILED',
        message: expect.stringMatching(/^cannot store .*contract\/r\d+:tag: .*blob unknown/),
        reasons: expect.arrayContaining(['MANIFEST_BLOB_UNKNOWN']),
      })
    })

    test('lists all tags', async () => {
      const { repository } = fresh()
      const content = await image(repository)
      for (const tag of ['c', 'a', 'b']) await repository.putManifest(tag, { mediaType: OCI_MANIFEST, content })
      expect((await tagsOf(repository)).sort()).toEqual(['a', 'b', 'c'])
    })

    test('lists the referrers of a manifest', async () => {
      const { repository } = fresh()
      const content = await image(repository)
      const subject = await repository.putManifest('app', { mediaType: OCI_MANIFEST, content })
      const referrer = await image(repository, { subject })
      const descriptor = await repository.putManifest(digestOf(referrer), { mediaType: OCI_MANIFEST, content: referrer })
      if (!registry.can.referrers) {
        const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [descriptor] }))
        await repository.putManifest(`sha256-${hexOf(subject.digest)}`, { mediaType: OCI_INDEX, content: index })
      }
      expect(await repository.referrers(subject.digest)).toEqual([descriptor])
      expect(await repository.listsReferrers(subject.digest)).toBe(registry.can.referrers)
    })

    test('deletes a manifest, repeatedly', async (context) => {
      context.skip(!registry.can.delete)
      const { repository } = fresh()
      const { digest } = await repository.putManifest('tag', { mediaType: OCI_MANIFEST, content: await image(repository) })
      await repository.deleteManifest(digest)
      expect(await repository.resolve(digest)).toBeUndefined()
      await repository.deleteManifest(digest)
    })

    test('confirms push access', async () => {
      await fresh().repository.checkPush()
    })

    test('stops on an abort', async () => {
      const { repository } = fresh()
      const signal = AbortSignal.abort()
      await expect(repository.resolve('latest', { signal })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
      const digest = await upload(repository, randomBytes(MORE_THAN_ANY_BUFFER))
      const controller = new AbortController()
      const stream = await repository.blob({ digest }, controller)
      controller.abort()
      await expect(buffer(stream)).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
    })
  })
}
