/** Builds for two platforms, on the fake engine and an in-memory registry. */

import { buffer } from 'node:stream/consumers'
import type { BuildOptions } from '../../../src/operations/build/build-options.ts'
import type { BuildResult } from '../../../src/operations/build/build-result.ts'
import { pushImage, pushIndex } from '../images/push-image.ts'
import { openClient, type TestClient } from '../registry/registry-client.ts'
import { BUILDER, type FakeBuilds, loadFakeBuilder, openFakeBuilds } from './fake-builds.ts'
import { MemoryRegistry } from './memory-registry.ts'

export const AMD64 = { os: 'linux', architecture: 'amd64' }
export const ARM64 = { os: 'linux', architecture: 'arm64' }

export interface FakePlatforms extends AsyncDisposable {
  readonly builds: FakeBuilds
  readonly registry: MemoryRegistry
  readonly client: TestClient
  /** The name of the app image. */
  readonly image: string
  build(options?: Partial<BuildOptions>): Promise<BuildResult>
  /** Publishes the run image; the layer of arm64 has the text. */
  pushRunImage(arm64: string): Promise<void>
  /** Returns the digest of the app's index in the registry. */
  tagged(): string | undefined
}

/** Returns an engine for amd64 with a builder and a run image for both platforms. */
export async function openFakePlatforms(): Promise<FakePlatforms> {
  const builds = await openFakeBuilds()
  const registry = await new MemoryRegistry().start()
  const client = openClient()
  const [image, runImage] = [`${registry.address}/team/app:1`, `${registry.address}/run`]
  for (const platform of [ARM64, AMD64]) {
    await loadFakeBuilder(builds.engine, { platform })
    builds.engine.registry.set(`${BUILDER} linux/${platform.architecture}`, await buffer(await builds.engine.images.save(BUILDER)))
  }
  const pushRunImage = async (arm64: string): Promise<void> => {
    const images = []
    for (const [platform, text] of [[AMD64, 'amd64'], [ARM64, arm64]] as const) {
      images.push(await pushImage(client.registries, `${runImage}:${platform.architecture}`, { layers: [Buffer.from(`run ${text}`)], platform, config: { Env: ['PATH=/usr/bin'] } }))
    }
    await pushIndex(client.registries, runImage, images)
  }
  await pushRunImage('arm64')
  return {
    ...{ builds, registry, client, image, pushRunImage },
    build: (options) => builds.build({ image, pullPolicy: 'if-not-present', runImage, platforms: ['linux/amd64', 'linux/arm64'], to: ['registry'], ...options }),
    tagged: () => registry.repository('team/app').tags.get('1'),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]()
      await registry[Symbol.asyncDispose]()
    },
  }
}
