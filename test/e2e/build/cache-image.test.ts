/**
 * `--cache-image`: layers between builds in an image of a registry.
 *
 * The stock lifecycle reads and writes it as well. caches.test.ts tests caches in directories, except those of builders without a
 * shell, which have no cache volume.
 */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runCnb, succeed } from '../../support/cnb.ts'
import { docker, runImage } from '../../support/engines/docker.ts'
import { startFaultProxy, type FaultProxy } from '../../support/fakes/fault-proxy.ts'
import { startRegistry, type Registry } from '../../support/registry/registry.ts'
import { BUILDER, USING_BUILDER, appFiles, bringShell, builderWithoutShell, buildpackFiles, processes } from '../../support/script-builder.ts'
import { makeWorkbench, removeVolumes } from '../../support/workbench.ts'

const bench = await makeWorkbench()
let registry: Registry
let proxy: FaultProxy

beforeAll(async () => {
  registry = await startRegistry()
  proxy = await startFaultProxy(registry)
})

beforeEach(() => void proxy.log.splice(0))

afterAll(async () => {
  await bench.clear()
  await proxy[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
})

/** Makes two cached layers: every build changes one; the app shows when the other was made. */
const SCRIPT = `kept=$CNB_LAYERS_DIR/kept
  counted=$CNB_LAYERS_DIR/counted
  if [ ! -d "$kept" ]; then echo "MAKING kept"; mkdir "$kept"; head -c 100000 /dev/urandom >"$kept/random"; ln -s random "$kept/link"; fi
  mkdir -p "$counted"; echo one more >>"$counted/builds"
  printf '[types]\\nlaunch = true\\ncache = true\\nbuild = true\\n[metadata]\\nversion = "1"\\n' >"$kept.toml"
  printf '[types]\\ncache = true\\n' >"$counted.toml"
  wc -l <"$counted/builds" >/workspace/count
  ${processes({ web: 'cat /workspace/count; sha256sum </layers/test_*/kept/random' })}`
const APP = appFiles(SCRIPT)

const cacheName = (): string => `${proxy.address}/${bench.image()}`
const sent = (): number => proxy.log.filter(({ path }) => path.includes('/blobs/')).reduce((sum, each) => sum + each.sent, 0)

async function build(image: string, path: string, ...options: string[]): Promise<string> {
  const { stderr } = await succeed(['build', image, '--path', path, ...USING_BUILDER, ...options])
  return stderr
}

/** Simulates a build on another machine. */
async function forgetVolumes(image: string): Promise<void> {
  await removeVolumes(await docker('volume', 'ls', '--quiet', '--filter', `name=${image.replace('/', '_')}_latest`))
}

it('restores the layers of another machine, and transfers only changes', async () => {
  const [image, cache] = [bench.image(), cacheName()]
  const path = await bench.directory(APP)
  await build(image, path, '--cache-image', cache)
  const before = await runImage(image)
  await forgetVolumes(image)
  proxy.log.splice(0)
  expect(await build(image, path, '--cache-image', cache)).not.toContain('MAKING')
  const after = await runImage(image)
  expect(after.split('\n')).toEqual(['2', before.split('\n')[1]])
  expect(sent()).toBeLessThan(50_000)
  // A machine that has the layers requests none.
  proxy.log.splice(0)
  await build(image, path, '--cache', `type=build;format=image;name=${cache}`)
  const received = proxy.log.reduce((sum, each) => sum + each.received, 0)
  expect(received).toBeLessThan(50_000)
})

it('sends a layer of image and cache to their registry once', async () => {
  const [image, cache] = [cacheName(), cacheName()]
  const path = await bench.directory(APP)
  await build(image, path, '--publish', '--cache-image', cache)
  const sentTo = (name: string): number =>
    proxy.log.filter((each) => each.path.includes(`${name.slice(proxy.address.length)}/blobs/`)).reduce((sum, each) => sum + each.sent, 0)
  expect(sentTo(image)).toBeGreaterThan(100_000)
  expect(sentTo(cache)).toBeLessThan(50_000)
  proxy.log.splice(0)
  expect(await build(bench.image(), path, '--cache-image', cache)).not.toContain('MAKING')
})

it('mounts the layers of the cache into the repository of a new image', async () => {
  const cache = cacheName()
  const path = await bench.directory(APP)
  await build(cacheName(), path, '--publish', '--cache-image', cache)
  proxy.log.splice(0)
  expect(await build(cacheName(), path, '--publish', '--cache-image', cache)).not.toContain('MAKING')
  expect(proxy.log.filter(({ query }) => query.get('from') === cache.slice(proxy.address.length + 1))).toHaveLength(1)
})

it('is restored by the stock restorer', async () => {
  const [image, cache] = [bench.image(), cacheName()]
  await build(image, await bench.directory(APP), '--cache-image', cache)
  const restore = `printf '[[group]]\\nid = "test/script"\\nversion = "1.0.0"\\napi = "0.11"\\n' >/layers/group.toml
    printf '[run-image]\\nreference = "none"\\n' >/layers/analyzed.toml
    CNB_PLATFORM_API=0.14 CNB_REGISTRY_AUTH={} /cnb/lifecycle/restorer -cache-image ${cache} >&2
    cat /layers/test_script/counted/builds`
  const seen = await docker('run', '--rm', '--network', 'host', '--entrypoint', 'bash', BUILDER, '-c', restore)
  expect(seen).toBe('one more')
})

it('causes at most a warning when the cache is missing or damaged', async () => {
  const [image, cache] = [bench.image(), cacheName()]
  const path = await bench.directory(APP)
  await build(image, path, '--cache-image', cache)
  const repository = cache.slice(proxy.address.length + 1)
  const manifest = await registry.request('GET', `/v2/${repository}/manifests/latest`, { headers: { accept: 'application/vnd.oci.image.manifest.v1+json' } })
  const { layers } = JSON.parse(manifest.body.toString()) as { layers: { digest: string }[] }
  for (const { digest } of layers) await registry.request('DELETE', `/v2/${repository}/blobs/${digest}`)
  await forgetVolumes(image)
  expect(await build(image, path, '--cache-image', cache)).toContain('MAKING kept')
  await forgetVolumes(image)
  expect(await build(image, path, '--cache-image', cache)).not.toContain('MAKING')
})

it('starts a new cache with --clear-cache', async () => {
  const [image, cache] = [bench.image(), cacheName()]
  const path = await bench.directory(APP)
  await build(image, path, '--cache-image', cache)
  await writeFile(join(path, 'more'), '')
  expect(await build(image, path, '--cache-image', cache, '--clear-cache')).toContain('MAKING kept')
  await forgetVolumes(image)
  expect(await build(image, path, '--cache-image', cache)).not.toContain('MAKING')
})

describe('a builder without a shell', () => {
  let options: string[] = []

  beforeAll(async () => {
    const [builder, buildpack] = [bench.image(), await bench.directory(buildpackFiles('test/own', { build: SCRIPT }))]
    await bringShell(buildpack, 'test/own')
    await builderWithoutShell(builder, bench.path)
    options = ['--builder', builder, '--buildpack', buildpack]
  })

  it.each([
    ['an image', () => ['--cache-image', cacheName()]],
    ['a directory', () => ['--cache', `type=build;format=bind;source=${join(bench.path, 'kept-here')}`]],
  ])('finds the layers of the last build in %s', async (_, choose) => {
    const [path, cache, image] = [await bench.directory({}), choose(), bench.image()]
    expect(await build(bench.image(), path, ...options, ...cache)).toContain('MAKING kept')
    const said = await build(image, path, ...options, ...cache)
    expect(said).toContain('has no shell')
    expect(said).not.toContain('MAKING kept')
    expect((await runImage(image)).split('\n')[0]).toBe('2')
  })
})

it('reports an unreachable registry before the build', async () => {
  const { code, stderr } = await runCnb(['build', bench.image(), '--path', await bench.directory(APP), ...USING_BUILDER, '--cache-image', '127.0.0.1:1/cache'])
  expect([code, stderr]).toEqual([1, expect.stringContaining('CNB_REGISTRY_UNREACHABLE')])
})

it('cannot be used with the stock lifecycle', async () => {
  const { code, stderr } = await runCnb(['build', bench.image(), '--path', await bench.directory(APP), ...USING_BUILDER, '--cache-image', cacheName(), '--lifecycle', 'stock'])
  expect([code, stderr]).toEqual([2, expect.stringContaining('CNB_UNSUPPORTED')])
})
