import { lstat, mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { blobPath } from '../../../../src/images/oci-layout/layout-files.ts'
import { digestOf } from '../../../../src/oci/digest.ts'
import { OCI_LAYER } from '../../../../src/oci/media-types.ts'
import { find, layerOf, makeDirectory, planOf, save } from '../../../support/images/layout-images.ts'

/** A layer with a blob from another store. */
const remote = (content: string, open: () => Readable, size = content.length) => ({
  ...layerOf(content),
  blob: { descriptor: { mediaType: OCI_LAYER, digest: digestOf(content), size }, open: async () => open() },
})

const namesIn = async (directory: string): Promise<string[]> => (await readdir(directory)).sort()
const blobsIn = (directory: string): Promise<string[]> => namesIn(join(directory, 'blobs/sha256'))

test('saves an image that can be read back: configuration, labels, layers, ID', async () => {
  const directory = join(await makeDirectory(), 'new', 'layout')
  const layers = [layerOf('base'), layerOf('app'), layerOf('app')]
  const saved = await save(`oci:${directory}`, planOf(layers, { names: ['team/app:1.0', 'other:2.0', 'again:2.0'], labels: { key: 'value' } }))
  expect(saved.tags).toEqual([`oci:${directory}:1.0`, `oci:${directory}:2.0`])
  for (const location of [...saved.tags, `oci:${directory}`, `oci:${saved.id}`]) {
    const image = await find(location)
    expect(image).toMatchObject({ id: saved.id, reference: location, labels: { key: 'value' }, repoDigests: [], platform: { os: 'linux', architecture: 'amd64' } })
    expect(image?.manifest.content.length).toBe(saved.manifest?.size)
    expect(await Promise.all(image!.layers.map(async (layer) => text(await layer.open())))).toEqual(['base', 'app', 'app'])
    expect(image?.layers.map(({ blob }) => blob?.descriptor.mediaType)).toEqual(Array(3).fill(`${OCI_LAYER}+gzip`))
  }
  expect(await namesIn(directory)).toEqual(['blobs', 'index.json', 'oci-layout'])
  expect(await readFile(join(directory, 'oci-layout'), 'utf8')).toBe('{"imageLayoutVersion":"1.0.0"}')
  expect(await find(`oci:${directory}:3.0`)).toBeUndefined()
  expect(await find(`oci:${directory}-not-there`)).toBeUndefined()
})

test("sets only the location's name, moves it to the next image, and does not rewrite existing blobs", async () => {
  const directory = await makeDirectory()
  const [first, second] = [planOf([layerOf('base'), layerOf('one')]), planOf([layerOf('base'), layerOf('two')])]
  await save(`oci:${directory}:a`, first)
  const before = new Map(await Promise.all((await blobsIn(directory)).map(async (name) => [name, (await lstat(join(directory, 'blobs/sha256', name))).ino] as const)))
  const b = await save(`oci:${directory}:b`, first)
  const a = await save(`oci:${directory}:a`, second)
  expect([(await find(`oci:${directory}:a`))?.id, (await find(`oci:${directory}:b`))?.id]).toEqual([a.id, b.id])
  for (const [name, inode] of before) expect((await lstat(join(directory, 'blobs/sha256', name))).ino).toBe(inode)
  expect(await blobsIn(directory)).toHaveLength(before.size + 3)
})

test('omits the blobs of the base image from a sparse layout, and reports it in the error of a read', async () => {
  const directory = await makeDirectory()
  const base = remote('base', () => { throw new Error('unexpected read') })
  await save(`oci:${directory}`, planOf([base, layerOf('app')]), { sparse: true })
  expect(await blobsIn(directory)).toHaveLength(3)
  const image = await find(`oci:${directory}:latest`)
  expect(image?.layers[0]?.blob?.descriptor).toEqual(base.blob.descriptor)
  expect(await text(await image!.layers[1]!.open())).toBe('app')
  await expect(image!.layers[0]!.open()).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID', hint: expect.stringContaining('sparse') })
  await save(`oci:${directory}`, planOf([layerOf('base'), layerOf('app')]))
  expect(await text(await (await find(`oci:${directory}:latest`))!.layers[0]!.open())).toBe('base')
})

test('keeps the images of concurrent writers', async () => {
  const directory = join(await makeDirectory(), 'layout')
  const names = Array.from({ length: 12 }, (_, index) => `v${index}`)
  const saved = await Promise.all(names.map((name) => save(`oci:${directory}:${name}`, planOf([layerOf('base'), layerOf(name)]))))
  expect(await Promise.all(names.map(async (name) => (await find(`oci:${directory}:${name}`))?.id))).toEqual(saved.map(({ id }) => id))
  expect(await namesIn(directory)).toEqual(['blobs', 'index.json', 'oci-layout'])
})

test.each([
  ['has other content', () => remote('content', () => Readable.from([Buffer.from('kontent')]))],
  ['is too short', () => remote('content', () => Readable.from([Buffer.from('cont')]))],
  ['never ends', () => remote('content', () => new Readable({ read() { this.push(Buffer.alloc(1024)) } }))],
])('rejects a layer with a blob that %s; keeps the layout and leaves no unfinished file', async (_, makeLayer) => {
  const directory = await makeDirectory()
  const good = await save(`oci:${directory}`, planOf([layerOf('base')]))
  await expect(save(`oci:${directory}`, planOf([layerOf('base'), makeLayer()]))).rejects.toMatchObject({
    code: 'CNB_IMAGE_INVALID', message: expect.stringContaining(digestOf('content')),
  })
  expect((await find(`oci:${directory}`))?.id).toBe(good.id)
  expect(await namesIn(directory)).toEqual(['blobs', 'index.json', 'oci-layout'])
  expect(await blobsIn(directory)).not.toContain(digestOf('content').slice('sha256:'.length))
})

test('stops a waiting save after an abort, and leaves no unfinished file', async () => {
  const directory = await makeDirectory()
  const stop = new AbortController()
  const layer = {
    ...layerOf('content'),
    blob: {
      descriptor: { mediaType: OCI_LAYER, digest: digestOf('content'), size: 7 },
      open: async (signal?: AbortSignal) => {
        const stream = new PassThrough({ signal })
        stream.write('con', () => stop.abort())
        return stream
      },
    },
  }
  await expect(save(`oci:${directory}`, planOf([layer]), { signal: stop.signal })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  expect(await namesIn(directory)).toEqual(['blobs', 'index.json', 'oci-layout'])
  expect(await find(`oci:${directory}`)).toBeUndefined()
})

test('completes an interrupted layout, removes files of dead writers and keeps those of active writers', async () => {
  const directory = await makeDirectory()
  const [old, fresh, lock] = ['.cnb-1.tmp', '.cnb-2.tmp', '.cnb-index.lock'].map((name) => join(directory, name)) as [string, string, string]
  await mkdir(join(directory, 'blobs'))
  for (const path of [old, fresh, lock]) await writeFile(path, '')
  for (const path of [old, lock]) await utimes(path, 1, 1)
  const { id } = await save(`oci:${directory}`, planOf([layerOf('base')]))
  expect((await find(`oci:${directory}`))?.id).toBe(id)
  expect(await namesIn(directory)).toEqual(['.cnb-2.tmp', 'blobs', 'index.json', 'oci-layout'])
})

test('rejects a directory with other files, and does not change it', async () => {
  const directory = await makeDirectory()
  await writeFile(join(directory, 'index.html'), '')
  await expect(save(`oci:${directory}`, planOf([layerOf('base')]))).rejects.toMatchObject({ code: 'CNB_OUTPUT', message: expect.stringContaining('index.html') })
  expect(await namesIn(directory)).toEqual(['index.html'])
  await expect(save(`oci:${directory}/index.html`, planOf([layerOf('base')]))).rejects.toMatchObject({ code: 'CNB_OUTPUT' })
})

test('never writes through a link out of the layout', async () => {
  const [directory, outside] = [await makeDirectory(), await makeDirectory()]
  await mkdir(join(directory, 'blobs'))
  await symlink(outside, join(directory, 'blobs/sha256'))
  await expect(save(`oci:${directory}`, planOf([layerOf('base')]))).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID' })
  await rm(join(directory, 'blobs'), { recursive: true })
  await save(`oci:${directory}`, planOf([layerOf('base')]))

  const content = 'uncompressed'
  const secret = join(outside, 'secret')
  await writeFile(secret, 'not a layer!')
  await symlink(secret, join(directory, blobPath(digestOf(content))))
  await save(`oci:${directory}`, planOf([remote(content, () => Readable.from([Buffer.from(content)]))]))
  expect(await readFile(secret, 'utf8')).toBe('not a layer!')
  expect(await text(await (await find(`oci:${directory}`))!.layers[0]!.open())).toBe(content)
})

test('rejects a location with a digest', async () => {
  const directory = await makeDirectory()
  await expect(save(`oci:${directory}@${digestOf('')}`, planOf([layerOf('base')]))).rejects.toMatchObject({
    code: 'CNB_REFERENCE_INVALID',
    message: `cannot use 'oci:${directory}@${digestOf('')}' as the name of a new image: it has a digest`,
  })
  expect(await namesIn(directory)).toEqual([])
})
