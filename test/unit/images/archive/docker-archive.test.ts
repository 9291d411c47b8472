import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { indexTarFile } from '../../../../src/archive/tar/tar-file.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { isImageArchive, readArchivedImage } from '../../../../src/images/archive/archive-image.ts'
import type { Image } from '../../../../src/images/image.ts'
import { digestOf } from '../../../../src/oci/digest.ts'
import { tarOf, writeTar, type Given } from '../../buildpacks/tar-file.ts'

let scratch: TemporaryDirectory
beforeEach(async () => {
  scratch = await makeTemporaryDirectory('cnb-test-')
})
afterEach(() => scratch[Symbol.asyncDispose]())

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

/** Writes the output of `docker save` before Engine 25, in which a repeated layer is a symbolic link. */
async function writeArchive(changes: { manifest?: Buffer; config?: Buffer; layer?: Buffer } = {}): Promise<string> {
  const layer = await tarOf([{ name: 'file', text: 'content' }])
  const diffId = digestOf(layer)
  const config = json({ os: 'linux', architecture: 'arm64', config: { Labels: { a: 'b' } }, rootfs: { type: 'layers', diff_ids: [diffId, diffId] } })
  const files: Given[] = [
    { name: 'one/layer.tar', bytes: changes.layer ?? layer },
    { name: 'two/layer.tar', type: 'symlink', linkname: Buffer.from('../one/layer.tar'), bytes: Buffer.alloc(0) },
    { name: 'c.json', bytes: changes.config ?? config },
    { name: 'manifest.json', bytes: changes.manifest ?? json([{ Config: 'c.json', RepoTags: ['acme/bp:1'], Layers: ['one/layer.tar', 'two/layer.tar'] }]) },
  ]
  return writeTar(join(scratch.path, 'saved.tar'), files)
}

async function read(path: string): Promise<Image> {
  const tar = await indexTarFile(path, 'CNB_BUILDPACK_INVALID')
  expect(isImageArchive(tar)).toBe(true)
  return readArchivedImage(tar, { os: 'linux', architecture: 'amd64' }, {})
}

describe('the output of docker save', () => {
  test('is read as an image with its configuration and layers, also through links and with compressed layers', async () => {
    const layer = await tarOf([{ name: 'file', text: 'content' }])
    for (const stored of [layer, gzipSync(layer)]) {
      const image = await read(await writeArchive({ layer: stored }))
      expect(image).toMatchObject({ platform: { os: 'linux', architecture: 'arm64' }, labels: { a: 'b' }, repoDigests: [] })
      for (const each of image.layers) expect((await buffer(await each.open())).equals(layer)).toBe(true)
    }
  })

  test('fails for a layer with another digest', async () => {
    const image = await read(await writeArchive({ layer: await tarOf([{ name: 'file', text: 'other' }]) }))
    await expect(buffer(await image.layers[0]!.open())).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID', message: expect.stringContaining('instead of') as string })
  })

  test.each([
    ['no image', { manifest: json([]) }, 'CNB_IMAGE_INVALID', /contains no image/],
    ['a manifest that is not JSON', { manifest: Buffer.from('{') }, 'CNB_IMAGE_INVALID', /is not JSON/],
    ['a missing configuration', { manifest: json([{ Config: 'no.json', Layers: [] }]) }, 'CNB_IMAGE_INVALID', /lacks the configuration/],
    ['fewer layers than its configuration', { manifest: json([{ Config: 'c.json', Layers: [] }]) }, 'CNB_IMAGE_INVALID', /0 layers/],
    ['several images', { manifest: json([{ RepoTags: ['a:1'] }, { RepoTags: ['b:1'] }]) }, 'CNB_REFERENCE_INVALID', /2 images: a:1, b:1/],
  ])('is rejected with %s', async (_, changes, code, message) => {
    await expect(read(await writeArchive(changes))).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string })
  })
})
