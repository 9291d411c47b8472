/** skopeo and cnb read each other's OCI layouts. */

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { packTar } from '../../../src/archive/tar/tar-writer.ts'
import type { Layer } from '../../../src/images/image.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { find, layerOf, makeDirectory, planOf, save } from '../../support/images/layout-images.ts'

interface Inspection {
  Digest: string
  Labels: Record<string, string>
  Layers: string[]
  Architecture: string
}

async function skopeo(...words: string[]): Promise<string> {
  // Signatures are irrelevant here, and the machine may have no policy.
  return (await promisify(execFile)('skopeo', ['--insecure-policy', ...words])).stdout
}

async function layerWith(name: string, content: string): Promise<Layer> {
  const file = { type: 'file', name, mode: 0o644, uid: 0, gid: 0, mtime: 0, size: content.length, content: Buffer.from(content) } as const
  return layerOf(await buffer(packTar([file])))
}

async function inspect(location: string): Promise<Inspection> {
  return JSON.parse(await skopeo('inspect', location)) as Inspection
}

const layers = async (): Promise<Layer[]> => [await layerWith('base', 'the base'), await layerWith('app', 'x'.repeat(2_000_000))]
const labels = { 'io.buildpacks.test': 'a <label> & more' }

test('lets skopeo inspect and copy an image with the same layers', async () => {
  const [directory, archive] = [join(await makeDirectory(), 'layout'), join(await makeDirectory(), 'archive.tar')]
  const plan = planOf(await layers(), { names: ['team/app:1.0'], labels })
  const saved = await save(`oci:${directory}`, plan)
  expect(await inspect(`oci:${directory}:1.0`)).toMatchObject({ Digest: saved.id.split('@')[1], Labels: labels, Architecture: 'amd64' })
  expect(await inspect(`oci:${directory}`)).toMatchObject({ Labels: labels })

  await skopeo('copy', `oci:${directory}:1.0`, `docker-archive:${archive}:team/app:1.0`)
  const config = JSON.parse(await skopeo('inspect', '--config', `docker-archive:${archive}`)) as { rootfs: { diff_ids: string[] } }
  expect(config.rootfs.diff_ids).toEqual(plan.layers.map(({ diffId }) => diffId))
  // An archive has uncompressed layers.
  expect((await inspect(`docker-archive:${archive}`)).Layers).toEqual(plan.layers.map(({ diffId }) => diffId))
})

test('finds an image that skopeo saved in the same layout, without a conflict', async () => {
  const directory = join(await makeDirectory(), 'layout')
  const plan = planOf(await layers(), { names: ['app:1.0'], labels })
  const first = await save(`oci:${directory}`, plan)
  await skopeo('copy', `oci:${directory}:1.0`, `oci:${directory}:copied`)
  const other = planOf([plan.layers[0]!, await layerWith('other', 'other')], { names: ['app:2.0'] })
  const second = await save(`oci:${directory}`, other)

  const copied = await find(`oci:${directory}:copied`)
  expect(copied).toMatchObject({ labels, config: { rootfs: plan.config.rootfs } })
  for (const layer of copied!.layers) expect(digestOf(await buffer(await layer.open()))).toBe(layer.diffId)
  expect((await find(`oci:${directory}:1.0`))?.id).toBe(first.id)
  expect((await inspect(`oci:${directory}:2.0`)).Digest).toBe(second.id.split('@')[1])
})

test('finds an image that skopeo converted from an archive', async () => {
  const [directory, scratch] = [await makeDirectory(), await makeDirectory()]
  const plan = planOf(await layers(), { labels })
  await save(`oci:${scratch}/layout`, plan)
  await skopeo('copy', `oci:${scratch}/layout:latest`, `docker-archive:${scratch}/archive.tar:team/app:1.0`)
  await skopeo('copy', `docker-archive:${scratch}/archive.tar`, `oci:${directory}/layout:team/app:1.0`)
  const image = await find(`oci:${directory}/layout:team/app:1.0`)
  expect(image?.labels).toEqual(labels)
  for (const [index, layer] of image!.layers.entries()) {
    expect((await buffer(await layer.open())).equals(await buffer(await plan.layers[index]!.open()))).toBe(true)
  }
})

test('lets skopeo inspect a sparse image, but not copy it', async () => {
  const directory = join(await makeDirectory(), 'layout')
  await save(`oci:${directory}`, planOf(await layers(), { labels }), { sparse: true })
  expect((await inspect(`oci:${directory}:latest`)).Labels).toEqual(labels)
  await expect(skopeo('copy', `oci:${directory}:latest`, `oci:${directory}-copy:latest`)).rejects.toThrow('no such file')
})
