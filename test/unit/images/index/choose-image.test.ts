import { expect, test } from 'vitest'
import { chooseImage, isImageEntry } from '../../../../src/images/index/choose-image.ts'
import type { StoredDocument } from '../../../../src/images/stored-image.ts'
import type { Descriptor } from '../../../../src/oci/descriptor.ts'
import { digestOf, type Digest } from '../../../../src/oci/digest.ts'
import { encodeIndex } from '../../../../src/oci/image-index.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../../../src/oci/media-types.ts'

const AMD64 = { os: 'linux', architecture: 'amd64' }
const ARM64 = { os: 'linux', architecture: 'arm64' }
const ATTESTATION = { platform: { os: 'unknown', architecture: 'unknown' }, annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } }

const stored = new Map<Digest, StoredDocument>()

function store(mediaType: string, content: Buffer): Descriptor {
  const descriptor = { mediaType, digest: digestOf(content), size: content.length }
  stored.set(descriptor.digest, { descriptor, content })
  return descriptor
}

const image = (name: string): Descriptor => store(OCI_MANIFEST, Buffer.from(JSON.stringify({ layers: [], name })))
const index = (...manifests: Descriptor[]): Descriptor => store(OCI_INDEX, encodeIndex({ manifests }))
const read: string[] = []
const readStored = async (digest: Digest): Promise<StoredDocument | undefined> => {
  read.push(digest)
  return stored.get(digest)
}
const choose = async (from: Descriptor, platform = ARM64): Promise<Digest> =>
  (await chooseImage(stored.get(from.digest)!, readStored, platform, 'registry/app')).descriptor.digest

test('chooses the image of the platform, and never an attestation', async () => {
  const [amd64, arm64, about] = [image('amd64'), image('arm64'), image('about')]
  const top = index({ ...about, ...ATTESTATION }, { ...amd64, platform: AMD64 }, { ...arm64, platform: { ...ARM64, variant: 'v8' } }, { ...about, platform: ARM64, annotations: ATTESTATION.annotations })
  expect(await choose(top)).toBe(arm64.digest)
  await expect(choose(top, { os: 'unknown', architecture: 'unknown' })).rejects.toMatchObject({
    code: 'CNB_PLATFORM_MISMATCH',
    hint: 'Use --platform, if the command has it, with one of: linux/amd64, linux/arm64/v8.',
  })
})

test('searches nested indexes with the platform or without one, after the images', async () => {
  const [first, second] = [image('first'), image('second')]
  const inner = index({ ...image('other'), platform: AMD64 }, { ...first, platform: ARM64 })
  expect(await choose(index(inner))).toBe(first.digest)
  expect(await choose(index({ ...inner, platform: ARM64 }))).toBe(first.digest)
  expect(await choose(index(inner, { ...second, platform: ARM64 }))).toBe(second.digest)
  read.length = 0
  await expect(choose(index({ ...inner, platform: { os: 'windows', architecture: 'amd64' } }))).rejects.toMatchObject({ code: 'CNB_PLATFORM_MISMATCH' })
  expect(read).toEqual([])
})

test('rejects a missing image, a nested index that is missing, and too many levels', async () => {
  const invalid = { code: 'CNB_IMAGE_INVALID' }
  const missing = { mediaType: OCI_INDEX, digest: digestOf('missing'), size: 1 }
  await expect(choose(index({ ...missing, platform: ARM64 }))).rejects.toMatchObject(invalid)
  await expect(choose(index(missing))).rejects.toMatchObject(invalid)
  let deep = index({ ...image('deep'), platform: ARM64 })
  for (let level = 0; level < 3; level++) deep = index(deep)
  expect(await choose(deep)).toBe(image('deep').digest)
  await expect(choose(index(deep))).rejects.toMatchObject({ ...invalid, message: expect.stringContaining('3 levels') as string })
})

test('reads each nested index once, and at most 1000', async () => {
  const inner = index({ ...image('amd64'), platform: AMD64 })
  read.length = 0
  await expect(choose(index(...Array.from({ length: 900 }, () => inner)))).rejects.toMatchObject({ code: 'CNB_PLATFORM_MISMATCH' })
  expect(read).toEqual([inner.digest])
  const different = (from: number): Descriptor[] => Array.from({ length: 900 }, (_, at) => index({ ...image(`${from + at}`), platform: AMD64 }))
  await expect(choose(index(index(...different(0)), index(...different(900))))).rejects.toMatchObject({ message: expect.stringContaining('more than 1000') as string })
})

test.each([
  ['an image', { platform: { os: 'linux', architecture: 'amd64' } }, true],
  ['an image without a platform', {}, true],
  ['an unknown platform', { platform: { os: 'unknown', architecture: 'unknown' } }, false],
  ['an attestation', { annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } }, false],
  ['an artifact', { artifactType: 'application/x' }, false],
])('recognizes %s as an image or not: %#', (_, more, expected) => {
  expect(isImageEntry({ ...image('x'), ...more })).toBe(expected)
})
