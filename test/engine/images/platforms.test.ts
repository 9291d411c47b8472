/** Images of one index for two platforms, on the engine at $DOCKER_HOST. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Engine } from '../../../src/docker/engine.ts'
import { findImage } from '../../../src/images/find/find-image.ts'
import { pushImage, pushIndex } from '../../support/images/push-image.ts'
import { startRegistry, type Registry } from '../../support/registry/registry.ts'
import { openClient } from '../../support/registry/registry-client.ts'
import { connectToEngine, layerOf, ownName } from './crafted.ts'

const PLATFORMS = [{ os: 'linux', architecture: 'amd64' }, { os: 'linux', architecture: 'arm64' }]

let engine: Engine
let registry: Registry
let name: string

beforeAll(async () => {
  engine = await connectToEngine()
  registry = await startRegistry()
  name = `${registry.address}/${ownName('platforms')}`
  await using client = openClient()
  const images = []
  for (const platform of PLATFORMS) {
    images.push(await pushImage(client.registries, `${name}-${platform.architecture}`, { layers: [await layerOf('platform', platform.architecture)], platform }))
  }
  await pushIndex(client.registries, name, images)
})

afterAll(async () => {
  await engine.images.remove(name)
  engine.close()
  await registry[Symbol.asyncDispose]()
})

test('finds the image of each platform, and creates its container by the ID', async () => {
  const services = { engine, credentials: async () => undefined, mirrors: {} }
  const found = []
  for (const platform of PLATFORMS) found.push(await findImage(name, 'always', { ...services, platform }))
  expect(found.map(({ platform }) => platform.architecture)).toEqual(['amd64', 'arm64'])
  expect(found[0]?.layers.map(({ diffId }) => diffId)).not.toEqual(found[1]?.layers.map(({ diffId }) => diffId))
  for (const { id, platform } of found) {
    await using container = await engine.containers.create({ image: id, command: ['/nothing'], platform })
    expect(container.id).not.toBe('')
  }
})
