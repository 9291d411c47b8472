/** Modules from registries, URLs and buildpack registries, online and then offline from the cache. */

import { mkdir, rename, writeFile } from 'node:fs/promises'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import type { Buildpack } from '../../../../src/buildpacks/buildpack.ts'
import type { ExternalLocator } from '../../../../src/buildpacks/locator.ts'
import type { PullPolicy } from '../../../../src/images/find/find-image.ts'
import { digestOf } from '../../../../src/oci/digest.ts'
import { openDownloadSession } from '../../../../src/operations/downloads.ts'
import { openModuleSources } from '../../../../src/operations/packages/open-module-sources.ts'
import { type MemoryRegistry, startMemoryRegistry } from '../../../support/fakes/memory-registry.ts'
import { pushImage } from '../../../support/images/push-image.ts'
import { makeIndex, GIT_ENV } from '../../../support/registry/index-repository.ts'
import { listen } from '../../../support/registry/listen.ts'
import { openClient, type TestClient } from '../../../support/registry/registry-client.ts'
import { tarOf } from '../../buildpacks/tar-file.ts'

const PLATFORM = { os: 'linux', architecture: 'amd64' }
const POLICIES = ['if-not-present', 'never', 'always'] as const

let directory: TemporaryDirectory
let registry: MemoryRegistry
let client: TestClient
let events: CnbEvent[]
let layer: Buffer
beforeEach(async () => {
  directory = await makeTemporaryDirectory()
  registry = await startMemoryRegistry()
  client = openClient()
  events = []
  const folder = { type: 'directory', mode: 0o755 } as const
  layer = await tarOf([{ name: '/cnb/buildpacks/acme_node', ...folder }, { name: '/cnb/buildpacks/acme_node/1', ...folder }, { name: '/cnb/buildpacks/acme_node/1/buildpack.toml', text: 'x' }])
})
afterEach(async () => {
  await client[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
  await directory[Symbol.asyncDispose]()
})

/** Reads the module in a new run, and the bytes of its layers. */
async function read(locator: ExternalLocator, policy: PullPolicy, url = 'https://index.invalid/'): Promise<{ modules: Buildpack[]; bytes: Buffer }> {
  const host = { env: { ...GIT_ENV, CNB_CACHE_DIR: join(directory.path, 'cache') }, cwd: directory.path, home: directory.path }
  const context = { events: (event: CnbEvent) => void events.push(event) }
  await using downloads = openDownloadSession(host, {}, { ca: [] }, context)
  const services = { engine: undefined, registries: async () => client.registries, policy, downloads, registry: () => ({ name: 'mine', url }), host }
  const modules = await openModuleSources(services).read(locator, directory.path, { kind: 'buildpack', platform: PLATFORM }, context)
  return { modules, bytes: Buffer.concat(await Promise.all(modules.map(async (module) => buffer(await module.layer.open())))) }
}

async function pushPackage(): Promise<{ name: string; reference: string }> {
  const name = `${registry.address}/acme/node`
  const labels = {
    'io.buildpacks.buildpackage.metadata': JSON.stringify({ id: 'acme/node', version: '1', stacks: [{ id: '*' }] }),
    'io.buildpacks.buildpack.layers': JSON.stringify({ 'acme/node': { 1: { api: '0.11', layerDiffID: digestOf(layer), targets: [{ os: 'linux' }] } } }),
  }
  const { digest } = await pushImage(client.registries, `${name}:1`, { layers: [layer], config: { Labels: labels } })
  return { name, reference: `${name}@${digest}` }
}
const warnings = (): string[] => events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))

describe('openModuleSources', () => {
  test('reads a package from its registry, and then offline', async () => {
    const { name } = await pushPackage()
    const locator = { type: 'image', reference: `${name}:1` } as const
    const online = await read(locator, 'always')
    expect(online.modules.map(({ descriptor }) => descriptor.info)).toMatchObject([{ id: 'acme/node', version: '1' }])
    expect(online.bytes).toEqual(layer)
    await registry[Symbol.asyncDispose]()
    await client[Symbol.asyncDispose]()
    client = openClient()
    for (const policy of POLICIES) expect((await read(locator, policy)).bytes).toEqual(layer)
    expect(warnings()).toEqual([expect.stringContaining(`using the copy of ${name}:1 in the cache`)])
  })

  test('reads an entry of a buildpack registry, and then offline', async () => {
    const { reference } = await pushPackage()
    const index = makeIndex(join(directory.path, 'index'))
    index.commit('no/de/acme_node', [{ ns: 'acme', name: 'node', version: '1', addr: reference }])
    const locator = { type: 'registry', id: 'acme/node' } as const
    expect((await read(locator, 'always', index.path)).bytes).toEqual(layer)
    await registry[Symbol.asyncDispose]()
    await rename(index.path, `${index.path}-moved`)
    for (const policy of POLICIES) expect((await read(locator, policy, index.path)).bytes).toEqual(layer)
    expect(warnings()).toEqual([expect.stringContaining("using the last clone of the buildpack registry 'mine'")])
  })

  test('warns of an entry of a registry if its image contains another buildpack', async () => {
    const { reference } = await pushPackage()
    const index = makeIndex(join(directory.path, 'index'))
    index.commit('ot/he/acme_other', [{ ns: 'acme', name: 'other', version: '7', addr: reference }])
    await read({ type: 'registry', id: 'acme/other', version: '7' }, 'always', index.path)
    expect(warnings()).toEqual([`the entry 'acme/other@7' of the buildpack registry is the package ${reference}, which contains 'acme/node@1'`])
  })

  test('reads an archive at a URL, and then offline', async () => {
    const source = join(directory.path, 'bp')
    await mkdir(join(source, 'bin'), { recursive: true })
    await writeFile(join(source, 'buildpack.toml'), 'api = "0.11"\n[buildpack]\nid = "acme/go"\nversion = "2"\n')
    for (const name of ['detect', 'build']) await writeFile(join(source, 'bin', name), '#!/bin/sh\n', { mode: 0o755 })
    const archive = execFileSync('tar', ['--create', '--gzip', '--directory', source, '.'])
    const server = await listen((_request, response) => void response.end(archive))
    const locator = { type: 'url', url: `${server.origin}/go.tgz` } as const
    const { modules, bytes } = await read(locator, 'always')
    expect(modules).toMatchObject([{ origin: locator.url, descriptor: { info: { id: 'acme/go', version: '2' } } }])
    await server[Symbol.asyncDispose]()
    for (const policy of ['if-not-present', 'never'] as const) expect((await read(locator, policy)).bytes).toEqual(bytes)
  })

  test('opens no client for a package in the cache', async () => {
    const locator = { type: 'image', reference: (await pushPackage()).reference } as const
    await read(locator, 'always')
    const open = client.registries
    client = { ...client, get registries(): never { throw new Error('a client is opened') } }
    const { bytes } = await read(locator, 'if-not-present')
    expect(bytes).toEqual(layer)
    await open.close()
  })

  test('fails offline for modules outside of the cache', async () => {
    await expect(read({ type: 'image', reference: 'registry.invalid/acme/node' }, 'never')).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND' })
    await expect(read({ type: 'registry', id: 'acme/node' }, 'never')).rejects.toMatchObject({ code: 'CNB_BUILDPACK_NOT_FOUND' })
    await expect(read({ type: 'url', url: 'https://host.invalid/x.tgz' }, 'never')).rejects.toMatchObject({ code: 'CNB_DOWNLOAD_FAILED' })
  })
})
