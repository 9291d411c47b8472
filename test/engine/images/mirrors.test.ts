/** Images that the engine at $DOCKER_HOST pulls from a mirror of a registry that does not exist. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Engine } from '../../../src/docker/engine.ts'
import { openEngineImages } from '../../../src/images/engine/engine-source.ts'
import { findImage, type PullPolicy } from '../../../src/images/find/find-image.ts'
import { BASIC_USER, startRegistry, type Registry } from '../../support/registry/registry.ts'
import { pushImage } from '../../support/images/push-image.ts'
import { openClient } from '../../support/registry/registry-client.ts'
import { connectToEngine, layerOf, ownName } from './crafted.ts'

let engine: Engine
let mirror: Registry
let repository: string
const names: string[] = []

beforeAll(async () => {
  engine = await connectToEngine()
  mirror = await startRegistry({ auth: 'basic' })
  repository = ownName('mirrored').replace(/:1$/, '')
})

afterAll(async () => {
  for (const name of names) await engine.images.remove(name)
  engine.close()
  await mirror[Symbol.asyncDispose]()
})

/** Stores an image in the mirror, below `hub/`. Returns its digest. */
async function push(tag: string): Promise<string> {
  await using client = openClient({ credentials: { ...BASIC_USER } })
  const { os, architecture } = (await engine.info()).platform
  const image = { layers: [await layerOf('tag', tag)], platform: { os, architecture } }
  return (await pushImage(client.registries, `${mirror.address}/hub/${repository}:${tag}`, image)).digest
}

async function find(name: string, policy: PullPolicy = 'always') {
  names.push(name)
  await using images = openEngineImages(engine, 'test')
  const credentials = async (from: string) => (from.startsWith(`${mirror.address}/hub/`) ? { ...BASIC_USER } : undefined)
  const image = await findImage(name, policy, { engine, images, credentials, mirrors: { 'nowhere.invalid': [`${mirror.address}/hub`] } })
  return { image, layers: await Promise.all(image.layers.map((layer) => layer.open().then((stream) => stream.destroy()))) }
}

test('pulls a tag from the mirror, and names it on the engine by its own name only', async () => {
  await push('1')
  const { image, layers } = await find(`nowhere.invalid/${repository}:1`)
  expect(layers).toHaveLength(1)
  expect((await engine.images.inspect(image.id))?.tags).toEqual([`nowhere.invalid/${repository}:1`])
  await push('2')
  expect((await find(`nowhere.invalid/${repository}:2`)).image.id).not.toBe(image.id)
})

test('pulls a digest from the mirror, and finds it again without the mirror', async () => {
  const digest = await push('3')
  const name = `nowhere.invalid/${repository}@${digest}`
  names.push(`${mirror.address}/hub/${repository}@${digest}`)
  const { image } = await find(name)
  expect(image.reference).toBe(name)
  expect((await find(name, 'never')).image.id).toBe(image.id)
})

test('reports the mirror and the registry in an error', async () => {
  await expect(find(`nowhere.invalid/${repository}:none`)).rejects.toMatchObject({
    message: expect.stringMatching(`nowhere.invalid/${repository}:none.*${mirror.address}/hub/${repository}:none`),
  })
})
