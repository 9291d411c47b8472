/** Builders made on the engine at $DOCKER_HOST, from a minimal build image and lifecycle. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readTar } from '../../../src/archive/tar/tar-reader.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../src/base/files.ts'
import type { Engine } from '../../../src/docker/engine.ts'
import { createBuilder, type CreateBuilderResult } from '../../../src/operations/builder/create-builder.ts'
import { inspectBuilder } from '../../../src/operations/builder/inspect-builder.ts'
import type { EngineServices, RegistryServices } from '../../../src/operations/services.ts'
import { placesWith } from '../../support/places.ts'
import { writeLifecycle } from '../../unit/builder/lifecycle-files.ts'
import { writeTar } from '../../unit/buildpacks/tar-file.ts'
import { connectToEngine, layerOf, loadImage, ownName } from '../images/crafted.ts'

const BUILD_IMAGE = ownName('build')
const NAMES = [BUILD_IMAGE]
let engine: Engine
let services: EngineServices & RegistryServices
let scratch: TemporaryDirectory

beforeAll(async () => {
  engine = await connectToEngine()
  scratch = await makeTemporaryDirectory('cnb-engine-test-')
  services = { engine, host: { env: { CNB_CACHE_DIR: 'cache' }, cwd: scratch.path, home: '/nowhere' }, owner: 'test', sweep: async () => {}, credentials: async () => undefined, platform: { os: 'linux', architecture: 'amd64' }, keychain: async () => async () => undefined, registries: () => Promise.reject(new Error('no registry is needed')) }
  await loadImage(engine, BUILD_IMAGE, {
    config: { User: '1001:1000', Env: ['PATH=/bin', 'CNB_USER_ID=1001', 'CNB_GROUP_ID=1000'] },
    layers: [await layerOf('etc/base', BUILD_IMAGE), await layerOf('etc/more', BUILD_IMAGE)],
  })
  await writeLifecycle(join(scratch.path, 'lifecycle'))
  const toml = 'api = "0.11"\n[buildpack]\nid = "acme/node"\nversion = "1"\n'
  await mkdir(join(scratch.path, 'node/bin'), { recursive: true })
  await writeFile(join(scratch.path, 'node/buildpack.toml'), toml)
  for (const name of ['detect', 'build']) await writeFile(join(scratch.path, 'node/bin', name), '#!/bin/sh\n')
  const files = [{ name: 'bin', type: 'directory' as const }, { name: 'bin/build', text: '#!/bin/sh\n' }, { name: 'bin/detect', text: '#!/bin/sh\n' }]
  await writeTar(join(scratch.path, 'go.tgz'), [...files, { name: 'buildpack.toml', text: toml.replace('node', 'go') }], gzipSync)
  await writeFile(
    join(scratch.path, 'builder.toml'),
    `[[buildpacks]]\nuri = "node"\n[[buildpacks]]\nuri = "go.tgz"\n[[order]]\n[[order.group]]\nid = "acme/node"\n[build]\nimage = "${BUILD_IMAGE}"\n[[run.images]]\nimage = "acme/run"\n[lifecycle]\nuri = "lifecycle"\n`,
  )
})

afterAll(async () => {
  for (const name of NAMES) await engine.images.remove(name)
  await scratch[Symbol.asyncDispose]()
  engine.close()
})

function create(): Promise<CreateBuilderResult> {
  const image = ownName('builder')
  NAMES.push(image)
  return createBuilder({ image, config: 'builder.toml', pullPolicy: 'never' }, { services: async () => services, remote: services }, {})
}

/** The entries of a path in a container of the image, one line each. */
async function filesIn(image: string, path: string): Promise<string[]> {
  await using container = await engine.containers.create({ image, command: ['/none'] })
  const archive = await container.getArchive(path)
  if (!archive) return []
  const lines: string[] = []
  for await (const { type, name, linkname, mode, uid, gid, content } of readTar(archive)) {
    const text = type === 'file' ? ` = ${(await buffer(content)).toString()}` : ''
    lines.push(`${mode.toString(8)} ${uid}:${gid} ${name.toString()}${linkname ? ` -> ${linkname.toString()}` : ''}${text}`)
  }
  return lines.sort()
}

test('makes one ID for two equal builders', async () => {
  const [first, second] = [await create(), await create()]
  expect(second.id).toBe(first.id)
  expect((await engine.images.inspect(first.image))?.id).toBe(first.id)
})

test('creates a builder with its files, and their owners, where the lifecycle looks for them', async () => {
  const { image } = await create()
  expect(await filesIn(image, '/layers')).toEqual(['755 1001:1000 layers/'])
  expect(await filesIn(image, '/workspace')).toEqual(['755 1001:1000 workspace/'])
  expect(await filesIn(image, '/platform')).toEqual(['755 0:0 platform/', '755 0:0 platform/env/'])
  expect(await filesIn(image, '/lifecycle')).toEqual([expect.stringMatching(/0:0 lifecycle -> \/cnb\/lifecycle$/)])
  expect(await filesIn(image, '/cnb/buildpacks/acme_go')).toEqual([
    '644 0:0 acme_go/1/buildpack.toml = api = "0.11"\n[buildpack]\nid = "acme/go"\nversion = "1"\n',
    '755 0:0 acme_go/',
    '755 0:0 acme_go/1/',
    '755 0:0 acme_go/1/bin/',
    '755 0:0 acme_go/1/bin/build = #!/bin/sh\n',
    '755 0:0 acme_go/1/bin/detect = #!/bin/sh\n',
  ])
  expect(await filesIn(image, '/cnb/order.toml')).toEqual(['644 0:0 order.toml = [[order]]\n[[order.group]]\nid = "acme/node"\nversion = "1"\n'])
  expect(await filesIn(image, '/cnb/run.toml')).toEqual(['644 0:0 run.toml = [[images]]\nimage = "acme/run"\n'])
  expect(await filesIn(image, '/etc/base')).toEqual([`644 0:0 base = ${BUILD_IMAGE}`])
})

test('describes each layer and its size when inspected', async () => {
  const { image, id } = await create()
  const inspection = await inspectBuilder({ builder: image }, placesWith({ engine }), {})
  expect(inspection).toMatchObject({ id, user: { uid: 1001, gid: 1000 }, lifecycle: { version: '0.21.0' } })
  expect(inspection.layers.map(({ name }) => name)).toEqual([
    'build image', 'build image', 'directories', 'lifecycle 0.21.0', 'acme/go@1', 'acme/node@1', 'order.toml', 'stack.toml', 'run.toml', 'platform env',
  ])
  for (const { size } of inspection.layers) expect(size).toEqual(expect.any(Number))
})
