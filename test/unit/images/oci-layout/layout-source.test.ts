import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { blobPath } from '../../../../src/images/oci-layout/layout-files.ts'
import { digestOf, type Digest } from '../../../../src/oci/digest.ts'
import { DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from '../../../../src/oci/media-types.ts'
import { find, layerOf, makeDirectory, planOf, save } from '../../../support/images/layout-images.ts'

interface Entry {
  mediaType?: string
  digest: Digest
  size: number
  platform?: object
  annotations?: Record<string, string>
}

/** A hand-written layout. */
async function makeLayout(): Promise<string> {
  const directory = await makeDirectory()
  await mkdir(join(directory, 'blobs/sha256'), { recursive: true })
  await writeFile(join(directory, 'oci-layout'), '{"imageLayoutVersion": "1.0.0"}')
  return directory
}

async function put(directory: string, content: string | Buffer | object, mediaType?: string): Promise<Entry> {
  const bytes = typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content)
  const digest = digestOf(bytes)
  await writeFile(join(directory, blobPath(digest)), bytes)
  return { ...(mediaType === undefined ? {} : { mediaType }), digest, size: Buffer.byteLength(bytes) }
}

async function putImage(directory: string, content: string, architecture = 'amd64', mediaType = OCI_MANIFEST): Promise<Entry> {
  const config = await put(directory, { os: 'linux', architecture, config: {}, rootfs: { type: 'layers', diff_ids: [digestOf(content)] } })
  const layer = await put(directory, gzipSync(content), `${OCI_LAYER}+gzip`)
  const manifest = await put(directory, { schemaVersion: 2, mediaType, config, layers: [layer] }, mediaType)
  return { ...manifest, platform: { os: 'linux', architecture } }
}

const list = (directory: string, ...manifests: Entry[]): Promise<void> => writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }))
const named = (entry: Entry, name: string): Entry => ({ ...entry, platform: undefined, annotations: { 'org.opencontainers.image.ref.name': name } })
const contentOf = async (...words: Parameters<typeof find>): Promise<string | undefined> => {
  const image = await find(...words)
  return image && text(await image.layers[0]!.open())
}
const ARM64 = { os: 'linux', architecture: 'arm64' }
const invalid = { code: 'CNB_IMAGE_INVALID' }

describe('the image of a layout', () => {
  test.each([[OCI_INDEX, OCI_MANIFEST], [DOCKER_INDEX, DOCKER_MANIFEST], [undefined, OCI_MANIFEST]])('is selected by platform from an index of type %s', async (indexType, type) => {
    const directory = await makeLayout()
    const images = [await putImage(directory, 'for amd64', 'amd64', type), await putImage(directory, 'for arm64', 'arm64', type)]
    const index = await put(directory, { schemaVersion: 2, ...(indexType ? { mediaType: indexType } : {}), manifests: images }, indexType)
    await list(directory, named(index, 'both'), named(images[0]!, 'one'))
    expect(await contentOf(`oci:${directory}:both`)).toBe('for amd64')
    expect(await contentOf(`oci:${directory}:both`, ARM64)).toBe('for arm64')
    expect(await contentOf(`oci:${directory}@${index.digest}`, ARM64)).toBe('for arm64')
    expect((await find(`oci:${directory}:both`))?.index?.descriptor.digest).toBe(index.digest)
    expect(await contentOf(`oci:${directory}:one`, ARM64)).toBe('for amd64')
    expect(await contentOf(`oci:${directory}@${images[1]!.digest}`)).toBe('for arm64')
    await expect(find(`oci:${directory}:both`, { os: 'linux', architecture: 's390x' })).rejects.toMatchObject({ code: 'CNB_PLATFORM_MISMATCH' })
  })

  test('is selected by platform from the images in index.json', async () => {
    const directory = await makeLayout()
    const images = [await putImage(directory, 'for amd64'), await putImage(directory, 'for arm64', 'arm64')]
    await list(directory, ...images)
    expect([await contentOf(`oci:${directory}`), await contentOf(`oci:${directory}`, ARM64)]).toEqual(['for amd64', 'for arm64'])
  })

  test('must be named if there are several', async () => {
    const directory = await makeLayout()
    await list(directory, named(await putImage(directory, 'one'), '1.0'), named(await putImage(directory, 'two'), '2.0'))
    await expect(find(`oci:${directory}`)).rejects.toMatchObject({ code: 'CNB_REFERENCE_INVALID', hint: 'Add one of the names: 1.0, 2.0.' })
    expect(await contentOf(`oci:${directory}:2.0`)).toBe('two')
    expect(await find(`oci:${directory}:3.0`)).toBeUndefined()
    expect(await find(`oci:${directory}@${digestOf('other')}`)).toBeUndefined()
  })
})

describe('openLayoutImages', () => {
  test('rejects a blob with another digest or size', async () => {
    const directory = await makeLayout()
    const image = await putImage(directory, 'content')
    await list(directory, image)
    const layer = (await find(`oci:${directory}`))!.layers[0]!
    const { digest, size } = layer.blob!.descriptor
    await writeFile(join(directory, blobPath(digest)), Buffer.alloc(size))
    await expect(layer.blob!.open().then(text)).rejects.toMatchObject(invalid)
    await writeFile(join(directory, blobPath(digest)), Buffer.alloc(size + 1))
    await expect(layer.open()).rejects.toMatchObject({ ...invalid, message: expect.stringContaining(`${size + 1} bytes`) })
    await writeFile(join(directory, blobPath(image.digest)), (await readFile(join(directory, blobPath(image.digest)), 'utf8')).replace('2', '3'))
    await expect(find(`oci:${directory}`)).rejects.toMatchObject(invalid)
  })

  test('rejects a layer with another diffID than in the configuration', async () => {
    const directory = await makeLayout()
    const config = await put(directory, { os: 'linux', architecture: 'amd64', config: {}, rootfs: { type: 'layers', diff_ids: [digestOf('content')] } })
    const layer = await put(directory, gzipSync('other'), `${OCI_LAYER}+gzip`)
    await list(directory, await put(directory, { schemaVersion: 2, config, layers: [layer] }, OCI_MANIFEST))
    await expect(contentOf(`oci:${directory}`)).rejects.toMatchObject(invalid)
  })

  test('rejects links out of the layout, pipes and directories', async () => {
    const [directory, outside] = [await makeLayout(), await makeDirectory()]
    const image = await putImage(directory, 'content')
    const path = join(directory, blobPath(image.digest))
    const index = JSON.stringify({ schemaVersion: 2, manifests: [image] })
    await writeFile(join(outside, 'index.json'), index)
    await symlink(join(outside, 'index.json'), join(directory, 'index.json'))
    await expect(find(`oci:${directory}`)).rejects.toMatchObject({ ...invalid, message: expect.stringContaining('leads out') })
    await rm(join(directory, 'index.json'))
    await symlink('elsewhere.json', join(directory, 'index.json'))
    await writeFile(join(directory, 'elsewhere.json'), index)
    expect(await contentOf(`oci:${directory}`)).toBe('content')
    await rm(path)
    execFileSync('mkfifo', [path])
    await expect(find(`oci:${directory}`)).rejects.toMatchObject({ ...invalid, message: expect.stringContaining('is not a regular file') })
    await rm(path)
    await mkdir(path)
    await expect(find(`oci:${directory}`)).rejects.toMatchObject(invalid)
  })

  test('rejects documents that are too large, too many, nested or ambiguous', async () => {
    const directory = await makeLayout()
    const image = await putImage(directory, 'content')
    const attempt = async (entry: Entry): Promise<void> => {
      await list(directory, entry)
      await expect(find(`oci:${directory}`)).rejects.toMatchObject(invalid)
    }
    await attempt(await put(directory, { schemaVersion: 2, manifests: [], padding: 'x'.repeat(4 * 1024 * 1024) }, OCI_INDEX))
    await attempt(await put(directory, { schemaVersion: 2, manifests: Array(100_000).fill({ digest: image.digest, size: 1 }) }, OCI_INDEX))
    let inner = await put(directory, { schemaVersion: 2, manifests: [image] }, OCI_INDEX)
    for (let level = 0; level < 4; level++) inner = await put(directory, { schemaVersion: 2, manifests: [inner] }, OCI_INDEX)
    await attempt(inner)
    await attempt({ ...image, mediaType: OCI_INDEX })
    await attempt(await put(directory, { schemaVersion: 2, manifests: [], layers: [], config: image }))
    await attempt({ ...image, digest: digestOf('not there') })
    await attempt(await put(directory, 'not JSON', OCI_MANIFEST))
    await writeFile(join(directory, 'index.json'), Buffer.alloc(5 * 1024 * 1024, ' '))
    await expect(find(`oci:${directory}`)).rejects.toMatchObject(invalid)
  })

  test('rejects an unknown version, and a directory without oci-layout', async () => {
    const directory = await makeDirectory()
    await save(`oci:${directory}`, planOf([layerOf('base')]))
    await writeFile(join(directory, 'oci-layout'), '{"imageLayoutVersion":"7"}')
    await expect(find(`oci:${directory}`)).rejects.toMatchObject({ code: 'CNB_UNSUPPORTED' })
    await rm(join(directory, 'oci-layout'))
    await expect(find(`oci:${directory}`)).rejects.toMatchObject({ ...invalid, message: expect.stringContaining('lacks oci-layout') })
  })
})
