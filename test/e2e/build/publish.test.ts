/** `cnb build --publish` and `--to`: images that go to a registry from cnb's own process. */

import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { ImageManifest } from '../../../src/oci/manifest.ts'
import { runCnb, succeed, succeedJson } from '../../support/cnb.ts'
import { docker, inspectImage, runImage } from '../../support/engines/docker.ts'
import { answer, cutUpload } from '../../support/fakes/faults.ts'
import { startFaultProxy, type FaultProxy } from '../../support/fakes/fault-proxy.ts'
import { asCommitted, getBlob, getDocument, reconfigure } from '../../support/images/registry-images.ts'
import { BASIC_USER, startRegistry, type Registry } from '../../support/registry/registry.ts'
import { BUILDER, SAMPLE_RUN_IMAGE, USING_BUILDER, appFiles, processes } from '../../support/script-builder.ts'
import { publishStock } from '../../support/registry/stock-publish.ts'
import { makeWorkbench } from '../../support/workbench.ts'

interface Built {
  id: string
  reference: string
  places: string[]
}

const bench = await makeWorkbench()
let registry: Registry
let proxy: FaultProxy

beforeAll(async () => {
  registry = await startRegistry()
  proxy = await startFaultProxy(registry)
})

beforeEach(() => proxy.clear())

afterAll(async () => {
  await bench.clear()
  await proxy[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
})

const MANIFEST = { headers: { accept: 'application/vnd.oci.image.manifest.v1+json' } }
const WEB = processes({ web: 'cat /workspace/words $LAYER/file' })
/** A cached launch layer that the first build makes, and a process that prints it and the app. */
const APP = appFiles(
  `layer=$CNB_LAYERS_DIR/data
  if [ ! -d "$layer" ]; then mkdir "$layer"; head -c 300000 /dev/urandom | base64 >"$layer/random"; echo from the layer >"$layer/file"; fi
  printf '[types]\\nlaunch = true\\ncache = true\\n' >"$layer.toml"
  mkdir -p "$layer/env.launch"; printf %s "$layer" >"$layer/env.launch/LAYER.override"
  ${WEB}`,
  { words: 'hello\n' },
)

/** A launch layer that later builds take from their previous image only. */
const REUSING_APP = appFiles(
  `if [ -n "\${MAKE:-}" ]; then
    mkdir "$CNB_LAYERS_DIR/dep"
    head -c 300000 /dev/urandom | tee "$CNB_LAYERS_DIR/dep/random" | sha256sum >"$CNB_LAYERS_DIR/dep/file"
  fi
  printf '[types]\\nlaunch = true\\n' >"$CNB_LAYERS_DIR/dep.toml"
  ${processes({ web: 'sha256sum </layers/test_script/dep/random; cat /layers/test_script/dep/file' })}`,
)

const named = (): string => `${proxy.address}/${bench.image()}`
const build = (image: string, path: string, ...options: string[]) =>
  succeedJson<Built>(['build', image, '--path', path, ...USING_BUILDER, ...options])
const digestOf = ({ reference }: Built): string => reference.slice(reference.indexOf('@') + 1)
const isOnEngine = async (name: string): Promise<boolean> => (await docker('image', 'ls', '--quiet', name)) !== ''
/** Whether the registry behind the proxy has the image, under either of its two addresses. */
async function isPublished(name: string): Promise<boolean> {
  const [, repository = '', tag = 'latest'] = /^[^/]+\/([^:]+)(?::(.+))?$/.exec(name) ?? []
  return (await registry.request('HEAD', `/v2/${repository}/manifests/${tag}`, MANIFEST)).status === 200
}
/** Bytes of uploaded blobs. */
const sent = (): number => proxy.log.filter(({ path }) => path.includes('/blobs/')).reduce((sum, each) => sum + each.sent, 0)

it("publishes an image that runs after a pull, and that the build's engine never had", async () => {
  const image = named()
  const built = await build(image, await bench.directory(APP), '--publish')
  expect(await isOnEngine(image)).toBe(false)
  expect(built.id).toBe(built.reference)
  await docker('pull', '--quiet', built.reference)
  try {
    expect(await runImage(built.reference)).toBe('hello\nfrom the layer')
  } finally {
    await docker('image', 'rm', '--force', built.reference)
  }
})

it('publishes the same digest without changes, with at most 12 requests and no layer', async () => {
  const image = named()
  const path = await bench.directory(APP)
  const first = await build(image, path, '--publish')
  proxy.log.splice(0)
  expect(await build(image, path, '--publish')).toMatchObject({ reference: first.reference })
  expect(proxy.log.length).toBeLessThanOrEqual(12)
  expect(sent()).toBe(0)
})

it('sends the layer of the app and the configuration after a change of one file', async () => {
  const image = named()
  const path = await bench.directory(APP)
  const first = await build(image, path, '--publish')
  proxy.log.splice(0)
  await writeFile(join(path, 'words'), 'changed\n')
  const second = await build(image, path, '--publish')
  expect(digestOf(second)).not.toBe(digestOf(first))
  expect(proxy.log.filter(({ method }) => method === 'PUT').map(({ path }) => path.replace(/.*\/(\w+)\/[^/]*$/, '$1')).sort()).toEqual(['manifests', 'uploads', 'uploads'])
  expect(sent()).toBeLessThan(20_000)
})

it('saves one image to the engine and the registry, with one digest if the engine has digests', async () => {
  const image = named()
  const path = await bench.directory(APP)
  for (let round = 0; round < 2; round++) {
    const built = await build(image, path, '--to', 'engine,registry')
    const { Id } = await inspectImage(image)
    expect(built.id).toBe(Id)
    const manifest = await registry.request('GET', `/v2/${image.split('/').slice(1).join('/')}/manifests/${digestOf(built)}`, MANIFEST)
    const { config } = JSON.parse(manifest.body.toString()) as { config: { digest: string } }
    expect([config.digest, digestOf(built)]).toContain(Id)
  }
  expect(await runImage(image)).toBe('hello\nfrom the layer')
})

it("saves the registry's digest to a layout, with or without the layers of the run image", async () => {
  const image = named()
  const path = await bench.directory(APP)
  const [whole, sparse] = [await bench.directory({}), await bench.directory({})]
  const published = await build(image, path, '--to', `registry,oci:${whole}:mine`)
  expect(published.places).toEqual(['registry', `oci:${whole}:mine`])
  expect(JSON.parse(await readFile(join(whole, 'index.json'), 'utf8'))).toMatchObject({ manifests: [{ digest: digestOf(published) }] })
  for (let round = 0; round < 2; round++) {
    expect(await build(image, path, '--to', `oci:${sparse}`, '--sparse')).toMatchObject({ reference: `oci:${sparse}@${digestOf(published)}` })
  }
  const blobs = async (directory: string): Promise<number> => (await readdir(join(directory, 'blobs/sha256'))).length
  expect(await blobs(sparse)).toBe((await blobs(whole)) - 1)
  expect(await isOnEngine(image)).toBe(false)
})

it('publishes all names, and mounts layers from one repository to the other', async () => {
  const image = named()
  const path = await bench.directory(APP)
  await build(image, path, '--publish')
  proxy.log.splice(0)
  const other = `${named()}:other`
  const built = await build(image, path, '--publish', '--tag', `${image}:1.2`, '--tag', other)
  for (const name of [`${image}:1.2`, other]) {
    const [repository, tag] = name.slice(proxy.address.length + 1).split(':')
    const { headers } = await registry.request('HEAD', `/v2/${repository}/manifests/${tag}`, MANIFEST)
    expect(headers['docker-content-digest']).toBe(digestOf(built))
  }
  expect(proxy.log.some(({ query, status }) => query.has('mount') && status === 201)).toBe(true)
  expect(sent()).toBeLessThan(20_000)
})

it('#33 mounts layers of a --previous-image in another repository, and copies those in another registry', async () => {
  const path = await bench.directory(REUSING_APP)
  const [image, sibling, far] = [named(), named(), `${registry.address}/${bench.image()}`]
  const making = ['--publish', '--env', 'MAKE=1', '--previous-image', sibling]
  const first = await succeed(['build', image, '--path', path, ...USING_BUILDER, ...making])
  expect(first.stderr).toContain(`cannot find the previous image '${sibling}'`)
  proxy.log.splice(0)
  await build(sibling, path, '--publish', '--previous-image', image)
  expect(proxy.log.filter(({ query, status }) => query.has('mount') && status === 201)).not.toEqual([])
  expect(sent()).toBeLessThan(20_000)
  proxy.log.splice(0)
  // The same registry at another address counts as another registry.
  expect(first.stdout).toContain(digestOf(await build(far, path, '--publish', '--previous-image', sibling)))
  expect(proxy.log.filter(({ method }) => method !== 'GET')).toEqual([])
  await docker('pull', '--quiet', far)
  const [made, found] = (await runImage(far)).split('\n')
  await docker('image', 'rm', '--force', far)
  expect(made).toBe(found)
})

it('#33 reports a --previous-image without read access before the build', async () => {
  proxy.inject({ path: /secret\/app\/manifests/, fault: answer(403) })
  const previous = `${proxy.address}/secret/app`
  const path = await bench.directory(APP)
  const { code, stderr } = await runCnb(['build', named(), '--path', path, ...USING_BUILDER, '--publish', '--previous-image', previous])
  expect([code, stderr]).toEqual([1, expect.stringContaining('CNB_REGISTRY_DENIED')])
  expect(stderr).toContain(previous)
  expect(stderr).not.toContain('DETECTING')
})

it('reads a run image in its registry, without a pull', async () => {
  const run = `${proxy.address}/${bench.image()}`
  await docker('tag', SAMPLE_RUN_IMAGE, run)
  await docker('push', '--quiet', run)
  await docker('image', 'rm', run)
  await registry.index(run.slice(proxy.address.length + 1), 'latest')
  proxy.log.splice(0)
  const image = named()
  const path = await bench.directory(APP)
  const built = await succeedJson<Built>(['build', image, '--path', path, ...USING_BUILDER, '--pull-policy', 'if-not-present', '--run-image', run, '--publish'])
  expect(await isOnEngine(run)).toBe(false)
  // The index, its image for this platform, and the configuration: no layer.
  expect(proxy.log.filter(({ method, path: asked }) => method === 'GET' && asked.includes(run.slice(proxy.address.length)))).toHaveLength(3)
  await docker('pull', '--quiet', built.reference)
  try {
    expect(await runImage(built.reference)).toBe('hello\nfrom the layer')
    const { Config } = await inspectImage(built.reference)
    expect(Config.Labels?.['io.buildpacks.lifecycle.metadata']).toContain(`${run}@sha256:`)
  } finally {
    await docker('image', 'rm', '--force', built.reference)
  }
})

it('refers to a run image on the engine by its digest in its registry, not by its ID', async () => {
  const run = `${proxy.address}/${bench.image()}`
  await docker('tag', SAMPLE_RUN_IMAGE, run)
  await docker('push', '--quiet', run)
  const pushed = await getDocument(registry, run.slice(proxy.address.length + 1), 'latest')
  const path = await bench.directory(APP)
  for (const to of [['--publish'], ['--to', 'engine,registry']]) {
    const image = named()
    await build(image, path, ...to, '--pull-policy', 'never', '--run-image', run)
    const { baseImage } = await succeedJson<{ baseImage: { reference: string } }>(['inspect', image, '--remote'])
    expect(baseImage.reference).toBe(`${run}@${pushed?.digest}`)
  }
})

it('publishes the configuration of the stock lifecycle, byte for byte, at the first and later builds', async () => {
  const run = `${proxy.address}/${bench.image()}`
  const repositoryOf = (name: string): string => name.slice(proxy.address.length + 1)
  await docker('tag', SAMPLE_RUN_IMAGE, run)
  await docker('push', '--quiet', run)
  const others = { Volumes: { '/v': {} }, ExposedPorts: { '80/tcp': {} }, Later: 'unknown' }
  const more = { Cmd: ['c'], OnBuild: ['RUN x'], Shell: ['/bin/sh'], StopSignal: 'SIGINT', ...others }
  await reconfigure(registry, repositoryOf(run), (config) => ({
    ...asCommitted({ ...config, config: { ...config.config, ...more } }),
    history: [{ created_by: 'first' }, { created_by: 'nothing', empty_layer: true }],
  }))
  // Not cached: stock also takes it from the previous image.
  const app = await bench.directory(appFiles(
    `if [ ! -f "$CNB_LAYERS_DIR/dep.toml" ]; then mkdir "$CNB_LAYERS_DIR/dep"; echo dep >"$CNB_LAYERS_DIR/dep/file"; fi
    printf '[types]\\nlaunch = true\\n' >"$CNB_LAYERS_DIR/dep.toml"; ${WEB}`,
    { words: 'hello\n' },
  ))
  const [native, stock, scratch] = [named(), named(), await bench.directory({})]
  const configOf = async (name: string): Promise<string> => {
    const found = await getDocument<ImageManifest>(registry, repositoryOf(name), 'latest')
    return (await getBlob(registry, repositoryOf(name), found!.document.config.digest)).toString()
  }
  for (const time of [1, 2]) {
    await writeFile(join(app, 'words'), `time ${time}\n`)
    await build(native, app, '--publish', '--run-image', run, '--pull-policy', 'if-not-present')
    const volumes = `${repositoryOf(stock).replace('/', '_')}-${time}`
    await publishStock({ registry, image: stock, runImage: `${run}:latest`, builder: BUILDER, app, platformApi: '0.15', scratch, volumes })
    expect(await configOf(native)).toBe(await configOf(stock))
  }
})

it('reports digest and size of the manifest', async () => {
  const reports = await bench.directory({})
  const built = await build(named(), await bench.directory(APP), '--publish', '--report-output-dir', reports)
  expect(await readFile(join(reports, 'report.toml'), 'utf8')).toMatch(new RegExp(`digest = "${digestOf(built)}"\\n {2}manifest-size = \\d+`))
})

it('needs one retry after a broken connection', async () => {
  proxy.inject({ method: 'PUT', path: /uploads/, fault: cutUpload(1000) })
  const image = named()
  await build(image, await bench.directory(APP), '--publish')
  expect(proxy.log.some(({ spoilt }) => spoilt)).toBe(true)
  await docker('pull', '--quiet', image)
  expect(await runImage(image)).toBe('hello\nfrom the layer')
  await docker('image', 'rm', '--force', image)
})

it('reports missing push access before the build, and hides credentials from the build', async () => {
  await using guarded = await startRegistry({ auth: 'basic' })
  const image = `${guarded.address}/${bench.image()}`
  const path = await bench.directory({
    ...APP,
    'script/build': `${APP['script/build']}\n{ env; find / -name config.json -newer /etc/hostname 2>/dev/null; cat /root/.docker/config.json; } >&2 || true\n`,
  })
  const refused = await runCnb(['build', image, '--path', path, ...USING_BUILDER, '--publish'], { env: { DOCKER_CONFIG: await bench.directory({}) } })
  expect(refused).toMatchObject({ code: 1 })
  expect(refused.stderr).toContain('CNB_REGISTRY_DENIED')
  expect(refused.stderr).not.toContain('DETECTING')
  const auth = Buffer.from(`${BASIC_USER.username}:${BASIC_USER.password}`).toString('base64')
  const config = await bench.directory({ 'config.json': JSON.stringify({ auths: { [guarded.address]: { auth } } }) })
  const { stdout, stderr } = await succeed(['build', image, '--path', path, ...USING_BUILDER, '--publish', '-v'], { env: { DOCKER_CONFIG: config } })
  for (const secret of [auth, BASIC_USER.password]) expect(`${stdout}${stderr}`).not.toContain(secret)
  expect(stderr).toContain('CNB_BUILDPACK_DIR')
})

it('reports one of several registries without push access before the build, and publishes nowhere', async () => {
  await using closed = await startRegistry({ readOnly: true })
  const [image, other] = [named(), `${closed.address}/${bench.image()}`]
  const path = await bench.directory(APP)
  const { code, stderr } = await runCnb(['build', image, '--path', path, ...USING_BUILDER, '--publish', '--tag', other])
  expect([code, stderr]).toEqual([1, expect.stringMatching(/cannot write to .*\n.*read-only registry rejects.*\n.*CNB_REGISTRY_FAILED/)])
  expect(stderr).toContain(other)
  expect(stderr).not.toContain('DETECTING')
  expect(await isPublished(image)).toBe(false)
})

it('reports the names that exist when one of several registries refuses at the end; a second build completes them', async () => {
  const path = await bench.directory(APP)
  const [image, other] = [`${registry.address}/${bench.image()}`, named()]
  const command = ['build', image, '--path', path, ...USING_BUILDER, '--to', 'engine,registry', '--tag', other, '--tag', `${image}:last`]
  const denied = JSON.stringify({ errors: [{ code: 'DENIED', message: 'this tag is not yours' }] })
  proxy.inject({ method: 'PUT', path: /manifests/, fault: answer(403, {}, denied) })
  const refused = await runCnb([...command, '--output', 'json'])
  expect(refused.code).toBe(1)
  const { error } = JSON.parse(refused.stdout) as { error: { code: string; message: string; hint: string } }
  expect(error).toMatchObject({ code: 'CNB_REGISTRY_DENIED', hint: expect.stringContaining('docker login') as string })
  expect(error.message).toContain(`published as ${image}:latest, but not as ${other}:latest: `)
  expect(error.message).toContain('this tag is not yours')
  expect(error.message).toContain(`the image is on the engine as ${image}:latest, ${other}:latest, ${image}:last`)
  expect(await Promise.all([image, other, `${image}:last`].map(isPublished))).toEqual([true, false, false])
  await succeed(command)
  expect(await Promise.all([image, other, `${image}:last`].map(isPublished))).toEqual([true, true, true])
})

it.each([
  [['--publish', '--lifecycle', 'stock'], 'CNB_UNSUPPORTED'],
  [['--to', 'nowhere'], 'CNB_USAGE'],
  [['--to', 'oci:'], 'CNB_REFERENCE_INVALID'],
  [['--sparse'], 'CNB_USAGE'],
])('rejects %j with %s', async (options, code) => {
  const { stderr, code: exit } = await runCnb(['build', named(), '--path', await bench.directory(APP), ...USING_BUILDER, ...options])
  expect([stderr, exit]).toEqual([expect.stringContaining(code), 2])
})
