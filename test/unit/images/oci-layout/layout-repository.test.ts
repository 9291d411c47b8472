import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ImagePlan, SavedImage } from '../../../../src/images/image.ts'
import { indexEntry } from '../../../../src/images/index/image-index.ts'
import { LayerBlobs } from '../../../../src/images/layers/layer-blobs.ts'
import { layoutOf, openLayoutRepository } from '../../../../src/images/oci-layout/layout-repository.ts'
import type { SinkServices } from '../../../../src/images/sinks/sink.ts'
import { toLayoutRepository } from '../../../../src/images/sinks/to-layout-repository.ts'
import { parseReference } from '../../../../src/oci/reference.ts'
import { layerOf, makeDirectory, planOf, save } from '../../../support/images/layout-images.ts'

const AMD64 = { os: 'linux', architecture: 'amd64' }
const HEX = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

// The paths are those of ParseRefToPath in imgutil v0.0.0-20251202182233-51c1c8c186ea, which lifecycle 0.21.0 uses.
test.each([
  ['app', 'index.docker.io/library/app/latest'],
  ['app:1.0', 'index.docker.io/library/app/1.0'],
  ['docker.io/app', 'index.docker.io/library/app/latest'],
  ['index.docker.io/library/app:2', 'index.docker.io/library/app/2'],
  ['team/app', 'index.docker.io/team/app/latest'],
  ['localhost:5000/team/app:1.0', 'localhost:5000/team/app/1.0'],
  ['ghcr.io/a/b/c', 'ghcr.io/a/b/c/latest'],
  [`app@sha256:${HEX}`, `index.docker.io/library/app/sha256/${HEX}`],
  [`reg.example:80/x/y:t@sha256:${HEX}`, `reg.example:80/x/y/sha256/${HEX}`],
  ['[::1]:5000/app:A.b-c_d', '[::1]:5000/app/A.b-c_d'],
])('places %s at %s, as the lifecycle does', (reference, path) => {
  expect(layoutOf('/root', parseReference(reference))).toBe(`/root/${path}`)
})

const sinkFor = (root: string, sparse = false) => toLayoutRepository(`layout-repo:${root}`, { cwd: '/', sparse })

async function saveTo(root: string, plan: ImagePlan, sparse = false): Promise<SavedImage> {
  await using blobs = new LayerBlobs()
  return await sinkFor(root, sparse).open({ blobs } as unknown as SinkServices).save(plan)
}

const named = (...names: string[]): ImagePlan => planOf([layerOf('base'), layerOf('app')], { names })
const indexAt = async (...path: string[]): Promise<unknown> => JSON.parse(await readFile(join(...path, 'index.json'), 'utf8'))

test('saves an image to a layout for each name, with its tag as the name there', async () => {
  const root = await makeDirectory()
  const { id, tags, manifest } = await saveTo(root, named('app:1.0', 'localhost:5000/team/app'))
  expect(id).toBe(`oci:${root}/index.docker.io/library/app/1.0@${manifest!.digest}`)
  expect(tags).toEqual([`oci:${root}/index.docker.io/library/app/1.0:1.0`, `oci:${root}/localhost:5000/team/app/latest:latest`])
  for (const [path, name] of [['index.docker.io/library/app/1.0', '1.0'], ['localhost:5000/team/app/latest', 'latest']] as const) {
    const annotations = { 'org.opencontainers.image.ref.name': name }
    expect(await indexAt(root, path)).toMatchObject({ manifests: [{ digest: manifest!.digest, annotations }] })
    expect(await readdir(join(root, path, 'blobs/sha256'))).toHaveLength(4)
  }
})

test('finds images by any spelling of their names, and by digest', async () => {
  const root = await makeDirectory()
  const { manifest } = await saveTo(root, named('app:1.0'))
  const images = openLayoutRepository(root, AMD64)
  const found = { reference: 'docker.io/library/app:1.0', id: `index.docker.io/library/app@${manifest!.digest}`, layers: [{}, {}] }
  expect(await images.find('docker.io/library/app:1.0')).toMatchObject(found)
  expect(await images.find('app:2')).toBeUndefined()
  await save(`oci:${layoutOf(root, parseReference('app:2'))}:other`, named('app'))
  expect(await images.find('app:2')).toBeDefined()
  await save(`oci:${layoutOf(root, parseReference('app:1.0'))}:other`, planOf([layerOf('else')]))
  expect(await images.find('app:1.0')).toMatchObject({ layers: [{}, {}] })
  const digest = `sha256:${HEX}` as const
  await mkdir(layoutOf(root, parseReference(`app@${digest}`)), { recursive: true })
  for (const file of ['oci-layout', 'index.json']) await writeFile(join(layoutOf(root, parseReference(`app@${digest}`)), file), '{}')
  await expect(images.find(`app@${digest}`)).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID', message: expect.stringContaining(HEX) as string })
})

test('leaves all names at the previous image if one layout cannot be written', async () => {
  const root = await makeDirectory()
  const { manifest } = await saveTo(root, named('app:1.0'))
  await writeFile(join(root, 'localhost:5000'), 'not a directory')
  const changed = planOf([layerOf('base'), layerOf('new')], { names: ['app:1.0', 'localhost:5000/app'] })
  await expect(saveTo(root, changed)).rejects.toMatchObject({ code: 'CNB_OUTPUT' })
  expect(await indexAt(root, 'index.docker.io/library/app/1.0')).toMatchObject({ manifests: [{ digest: manifest!.digest }] })
})

test('omits the layers of the run image from sparse layouts', async () => {
  const root = await makeDirectory()
  await saveTo(root, named('app'), true)
  expect(await readdir(join(root, 'index.docker.io/library/app/latest/blobs/sha256'))).toHaveLength(3)
})

test('saves an index of the images for several platforms under each name', async () => {
  const root = await makeDirectory()
  const plan = named('app:1', 'other:2')
  const entry = indexEntry(await saveTo(root, { ...plan, part: true }), plan.config)
  expect(await openLayoutRepository(root, AMD64).find('app:1')).toBeUndefined()
  const { manifest } = await sinkFor(root).openIndexes!({} as SinkServices).save({ images: [entry], tags: plan.tags })
  for (const path of ['app/1', 'other/2']) expect(await indexAt(root, 'index.docker.io/library', path)).toMatchObject({ manifests: [{ digest: manifest!.digest }] })
})

test('looks up the previous image in its layout only, and other images also in their registries', async () => {
  const root = await makeDirectory()
  await saveTo(root, named('old'))
  const published = { find: async (reference: string) => ({ reference }) }
  const previous = sinkFor(root).previous!(parseReference('app'), { published, platform: AMD64 } as unknown as SinkServices)
  expect(await previous.find('app:latest')).toBeUndefined()
  expect(await previous.find('old')).toMatchObject({ layers: [{}, {}] })
  expect(await previous.find('else')).toEqual({ reference: 'else' })
})

test.each(['layout-repo:', 'layout-repo:a\0b'])('refuses %j', (text) => {
  expect(() => toLayoutRepository(text, { cwd: '/', sparse: false })).toThrow(expect.objectContaining({ code: 'CNB_REFERENCE_INVALID' }) as Error)
})
