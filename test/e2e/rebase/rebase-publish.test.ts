/** Rebases in real registries. The `cnb` under test reaches no engine. */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../src/base/files.ts'
import { parseToml } from '../../../src/formats/toml.ts'
import type { ImageConfig } from '../../../src/oci/config.ts'
import type { Descriptor } from '../../../src/oci/descriptor.ts'
import type { ImageManifest } from '../../../src/oci/manifest.ts'
import { DOCKER_INDEX, OCI_MANIFEST } from '../../../src/oci/media-types.ts'
import type { RebaseManyResult } from '../../../src/operations/rebase/rebase-many.ts'
import type { RebaseResult } from '../../../src/operations/rebase/rebase-result.ts'
import { makeCertificate } from '../../support/registry/certificate.ts'
import { runCnb, startCnb, type Finished, type RunOptions } from '../../support/cnb.ts'
import { startFaultProxy, type FaultProxy } from '../../support/fakes/fault-proxy.ts'
import { answer } from '../../support/fakes/faults.ts'
import { getBlob, getDocument, makeLayer, putApp, putDocument, putImage, putIndex, putRunImage, type AppData } from '../../support/images/registry-images.ts'
import { startRegistry, type Registry } from '../../support/registry/registry.ts'
import { startTokenServer } from '../../support/fakes/token-server.ts'

const METADATA = 'io.buildpacks.lifecycle.metadata'
const OLD = [makeLayer('old os'), makeLayer('old patches')]
const NEW = [OLD[0]!, makeLayer('new patches'), makeLayer('one more')]
const OWN = [makeLayer('dependency'), makeLayer('launcher'), makeLayer('app')]

let registry: Registry
/** Between cnb and the registry: it counts requests. */
let proxy: FaultProxy
let directory: TemporaryDirectory
let count = 0

beforeAll(async () => {
  directory = await makeTemporaryDirectory('cnb-e2e-publish-')
  registry = await startRegistry()
  proxy = await startFaultProxy(registry)
})

afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
  await directory[Symbol.asyncDispose]()
})

beforeEach(() => {
  proxy.log.splice(0)
})

const run = (args: readonly string[], { env, ...options }: RunOptions = {}): Promise<Finished> =>
  runCnb(['rebase', '--publish', ...args], { ...options, env: { DOCKER_HOST: 'unix:///nobody/there.sock', DOCKER_CONFIG: directory.path, ...env } })

/** Runs the command with --output json and expects the exit code. Returns the result. */
async function rebase<T = RebaseResult>(args: readonly string[], code = 0): Promise<T> {
  const done = await run([...args, '--output', 'json'])
  expect(done, done.stderr).toMatchObject({ code })
  return JSON.parse(done.stdout) as T
}

/** Stores a run image that is newer than the base of {@link appOn}. Returns the name that cnb uses. */
async function movedRunImage(): Promise<string> {
  const repository = `run-${++count}`
  await putRunImage(registry, repository, 'latest', { layers: NEW, labels: { 'io.buildpacks.base.maintainer': 'debian' } })
  return `${proxy.address}/${repository}`
}

/** Stores an app on the old base of that run image. Returns its name. */
async function appOn(runImage: string, more: Partial<AppData> = {}, name = `app-${++count}`): Promise<string> {
  await putApp(registry, name, '1', { base: OLD, own: OWN, runImage, ...more })
  return `${proxy.address}/${name}:1`
}

/** Returns the image that the registry has under a name. */
async function stored(name: string): Promise<{ manifest: ImageManifest; mediaType: string; config: ImageConfig; digest: string }> {
  const [, repository = '', tag = ''] = /^[^/]+\/(.+?)[:@](sha256:\w+|\w+)$/.exec(name) ?? []
  const found = await getDocument<ImageManifest>(registry, repository, tag)
  if (!found) throw new Error(`no ${name}`)
  const config = JSON.parse((await getBlob(registry, repository, found.document.config.digest)).toString()) as ImageConfig
  return { manifest: found.document, mediaType: found.mediaType, config, digest: found.digest }
}

const digests = (layers: readonly { descriptor: Descriptor }[]): string[] => layers.map(({ descriptor }) => descriptor.digest)
const uploads = (): number => proxy.log.filter(({ method, path }) => method === 'PUT' && path.includes('/blobs/uploads/')).length

describe('one image', () => {
  it('replaces the base below its own layers, and transfers no layer', async () => {
    const base = await movedRunImage()
    const app = await appOn(base)
    const before = await stored(app)
    const result = await rebase([app])
    const { manifest, mediaType, config, digest } = await stored(app)
    expect(result).toMatchObject({ image: app, changed: true, runImage: base, reference: `${app.replace(':1', '')}@${digest}`, reason: `2 of 3 layers of '${base}' are new` })
    expect(manifest.layers.map((layer) => layer.digest)).toEqual(digests([...NEW, ...OWN]))
    expect(mediaType).toBe(OCI_MANIFEST)
    expect(config.config).toMatchObject({ Entrypoint: before.config.config.Entrypoint, Env: before.config.config.Env })
    expect(config.config.Labels?.['io.buildpacks.base.maintainer']).toBe('debian')
    const run = await stored(`${base}:latest`)
    expect(JSON.parse(config.config.Labels?.[METADATA] ?? '')).toMatchObject({ runImage: { topLayer: NEW.at(-1)?.diffId, reference: `${base}@${run.digest}` } })
    // The configuration is the only upload.
    expect(uploads()).toBe(1)
    expect(proxy.log.filter(({ path }) => digests([...OLD, ...NEW, ...OWN]).some((layer) => path.includes(layer)))).toEqual([])
  })

  it('keeps the annotations of the manifest', async () => {
    const app = await appOn(await movedRunImage())
    const { manifest } = await stored(app)
    const annotations = { 'org.example.team': 'web' }
    await putDocument(registry, /\/(app-\d+):1$/.exec(app)?.[1] ?? '', '1', { schemaVersion: 2, mediaType: OCI_MANIFEST, ...manifest, annotations })
    expect(await rebase([app])).toMatchObject({ changed: true })
    expect((await stored(app)).manifest.annotations).toEqual(annotations)
  })

  it('leaves an unchanged image alone, with two requests and those for its run image', async () => {
    const app = await appOn(await movedRunImage())
    const { reference } = await rebase([app])
    proxy.log.splice(0)
    expect(await rebase([app])).toMatchObject({ changed: false, reference })
    const asked = proxy.log.filter(({ path }) => path.startsWith('/v2/app')).map(({ method }) => method)
    expect(asked).toEqual(['GET', 'GET'])
    expect(proxy.log.every(({ method }) => method === 'GET')).toBe(true)
  })

  it('prints one line with --quiet, and writes a report with digest and size', async () => {
    const app = await appOn(await movedRunImage())
    const done = await run([app, '--quiet', '--report-output-dir', 'reports'], { cwd: directory.path })
    const { digest } = await stored(app)
    expect(done).toMatchObject({ code: 0, stderr: '', stdout: `${app.replace(':1', '')}@${digest}\n` })
    const path = join(directory.path, 'reports/report.toml')
    const size = JSON.stringify((await getDocument(registry, app.split(/[/:]/)[2] ?? '', '1'))?.document).length
    expect(parseToml(await readFile(path, 'utf8'), path)).toEqual({ image: { tags: [app], digest, 'manifest-size': size } })
  })

  it('stores a rebased --previous-image in another repository, and keeps the old image', async () => {
    const app = await appOn(await movedRunImage())
    const before = await stored(app)
    const copy = `${proxy.address}/copy-${++count}:new`
    await rebase([copy, '--previous-image', app])
    expect((await stored(copy)).manifest.layers.map((layer) => layer.digest)).toEqual(digests([...NEW, ...OWN]))
    expect((await stored(app)).digest).toBe(before.digest)
    const same = `${proxy.address}/copy-${count}:same`
    expect(await rebase([same, '--previous-image', copy])).toMatchObject({ changed: false })
    expect((await stored(same)).digest).toBe((await stored(copy)).digest)
  })

  it('refuses a run image of another name, unless forced', async () => {
    const [app, other] = [await appOn(await movedRunImage()), await movedRunImage()]
    const refused = await run([app, '--run-image', other])
    expect(refused).toMatchObject({ code: 72, stdout: '' })
    expect(refused.stderr).toMatch(/CNB_NOT_REBASABLE/)
    expect(await rebase([app, '--run-image', other, '--force'])).toMatchObject({ changed: true })
    const labels = (await stored(app)).config.config.Labels
    expect(JSON.parse(labels?.[METADATA] ?? '')).toMatchObject({ runImage: { image: other } })
  })

  it('keeps a forced tag in every later rebase', async () => {
    const [name, base] = [`app-${++count}`, await movedRunImage()]
    const next = `${base}:next`
    await putRunImage(registry, base.split('/')[1] ?? '', 'next', { layers: [...NEW, makeLayer('patch')] })
    const app = await appOn(base, {}, name)
    const refused = await run([app, '--run-image', next])
    expect(refused).toMatchObject({ code: 72, stdout: '' })
    expect(refused.stderr).toMatch(/lists only '\S+', not '\S+:next'[^]*--force/)
    expect(await rebase([app, '--run-image', next, '--force', '--dry-run'], 3)).toMatchObject({ changed: true })
    const { reference } = await rebase([app, '--run-image', next, '--force'])
    for (const which of [[app], [app, '--dry-run'], [app, '--run-image', next]]) expect(await rebase(which)).toMatchObject({ changed: false, reference, runImage: next })
    expect((await rebase<RebaseManyResult>(['--all-tags', `${proxy.address}/${name}`])).images).toMatchObject([{ status: 'unchanged' }])
    expect((await run([app, '--run-image', base])).code).toBe(72)
  })

  it('records a forced run image that has the same layers', async () => {
    const base = await movedRunImage()
    await putRunImage(registry, base.split('/')[1] ?? '', 'next', { layers: NEW, labels: { 'io.buildpacks.base.maintainer': 'debian' } })
    const app = await appOn(base, { labels: { 'io.buildpacks.base.maintainer': 'debian' } })
    await rebase([app])
    const planned = await rebase([app, '--run-image', `${base}:next`, '--force', '--dry-run'], 3)
    expect(planned).toMatchObject({ changed: true, reason: expect.stringContaining('is a new name for the same layers') as unknown })
    await rebase([app, '--run-image', `${base}:next`, '--force'])
    expect(await rebase([app])).toMatchObject({ changed: false, runImage: `${base}:next` })
  })

  it("prefers a run image in the app's own registry", async () => {
    const mirror = await movedRunImage()
    const app = await appOn('registry.invalid/run', { mirrors: [mirror] })
    expect(await rebase([app])).toMatchObject({ runImage: mirror, changed: true })
  })

  it('streams the layers of a run image in another registry', async () => {
    await using other = await startRegistry()
    await putRunImage(other, 'run', 'latest', { layers: NEW })
    const app = await appOn(`${other.address}/run`)
    await rebase([app])
    expect((await stored(app)).manifest.layers.map((layer) => layer.digest)).toEqual(digests([...NEW, ...OWN]))
    expect(await getBlob(registry, app.split(/[/:]/)[2] ?? '', NEW[1]!.descriptor.digest)).toEqual(NEW[1]!.content)
    // Two layers that the registry lacked, and the configuration.
    expect(uploads()).toBe(3)
  })

  it('succeeds on a registry without mounts', async () => {
    const app = await appOn(await movedRunImage())
    proxy.inject({ method: 'POST', path: /mount=/, times: 2, fault: answer(405) })
    await rebase([app])
    expect((await stored(app)).manifest.layers).toHaveLength(NEW.length + OWN.length)
    expect(proxy.log.filter(({ spoilt }) => spoilt)).toHaveLength(2)
  })

  it.each([
    ['image', (base: string) => base.replace(/run-\d+$/, 'nobody/there:1')],
    ['run image', (_: string, app: string) => app],
  ])('reports a missing %s', async (what, name) => {
    const base = await movedRunImage()
    const app = await appOn(what === 'image' ? base : `${proxy.address}/nobody/run`)
    const done = await run([name(base, app)])
    expect(done).toMatchObject({ code: 1, stdout: '' })
    expect(done.stderr).toMatch(/CNB_IMAGE_NOT_FOUND/)
  })
})

describe('a dry run', () => {
  it('shows what would change, ends with 3, and changes nothing', async () => {
    const app = await appOn(await movedRunImage())
    const before = await stored(app)
    const planned = await rebase([app, '--dry-run'], 3)
    expect(planned).toMatchObject({ dryRun: true, changed: true, reason: expect.stringContaining('2 of 3 layers') as unknown })
    expect((await stored(app)).digest).toBe(before.digest)
    expect(proxy.log.every(({ method }) => method === 'GET' || method === 'HEAD')).toBe(true)
    expect((await rebase([app])).reference).toBe(planned.reference)
    expect(await rebase([app, '--dry-run'])).toMatchObject({ changed: false })
  })

  it('ends with 3 if one of many images would change, and with 1 if one fails', async () => {
    const base = await movedRunImage()
    const [one, other] = [await appOn(base), await appOn(base)]
    await rebase([one])
    expect((await rebase<RebaseManyResult>([one, other, '--dry-run'], 3)).summary).toMatchObject({ outdated: 1, unchanged: 1, failed: 0 })
    expect((await rebase<RebaseManyResult>([one, `${other}x`, '--dry-run'], 1)).summary).toMatchObject({ failed: 1 })
  })
})

describe('many images', () => {
  /** Stores some apps on one base, and writes a list of them. */
  async function fleet(size: number): Promise<{ base: string; apps: string[]; list: string }> {
    const base = await movedRunImage()
    const prefix = `fleet-${++count}`
    const apps = await inTurn(Array.from({ length: size }, (_, at) => String(at)), (at) => appOn(base, { labels: { at } }, `${prefix}/${at}`))
    const list = join(directory.path, prefix)
    await writeFile(list, `# the fleet\n\n${apps.join('   # an app\n')}\n`)
    return { base, apps, list }
  }

  it('rebases the images of a list with one read of their run image', async () => {
    const { base, apps, list } = await fleet(12)
    const { images, summary } = await rebase<RebaseManyResult>(['--from-file', list, '--concurrency', '3'])
    expect(images.map(({ image, status }) => [image, status])).toEqual(apps.map((app) => [app, 'rebased']))
    expect(summary).toMatchObject({ total: 12, rebased: 12, failed: 0, mountedBlobs: 24, copiedBytes: 0 })
    expect(proxy.log.filter(({ method, path }) => method === 'GET' && path.startsWith(`/v2/${base.split('/')[1]}/manifests/`))).toHaveLength(1)
    expect(uploads()).toBe(12)
    for (const app of apps) expect((await stored(app)).config.config.Labels?.at).toBe(app.split(/[/:]/).at(-2))
    expect((await rebase<RebaseManyResult>(['--from-file', list])).summary).toMatchObject({ unchanged: 12, rebased: 0 })
  })

  it('rebases the others if one fails, and reports it by exit code, in the table and in the last lines', async () => {
    const { apps } = await fleet(2)
    const bad = `${proxy.address}/nobody/there:1`
    const done = await run([apps[0]!, bad, apps[1]!])
    expect(done.code).toBe(1)
    expect(done.stdout).toMatch(/there:1 +failed +CNB_IMAGE_NOT_FOUND\n/)
    expect(done.stdout).toMatch(/3 images in [\d.]+s: 2 rebased, 1 failed\n$/)
    expect(done.stderr).toMatch(/ERROR: \S+\/nobody\/there:1: [^]*CNB_IMAGE_NOT_FOUND\n$/)
    expect((await stored(apps[1]!)).manifest.layers).toHaveLength(NEW.length + OWN.length)
  })

  it('prints a line for each image with --output ndjson, and the summary last', async () => {
    const { list, apps } = await fleet(3)
    const { stdout, code } = await run(['--from-file', list, '--output', 'ndjson'])
    const lines = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as { type: string; report?: { image: string; status: string } })
    const told = lines.filter(({ type }) => type === 'image').map(({ report }) => report)
    expect(told.map((report) => report?.image).sort()).toEqual([...apps].sort())
    expect(lines.at(-1)).toMatchObject({ type: 'result', summary: { total: 3, rebased: 3 } })
    expect(lines.at(-1)).not.toHaveProperty('images')
    expect(code).toBe(0)
  })

  it('starts no rebase if a line of the list is wrong', async () => {
    const list = join(directory.path, 'wrong')
    await writeFile(list, '# one\nNOT A NAME\n')
    const done = await run(['--from-file', list])
    expect(done).toMatchObject({ code: 2, stdout: '' })
    expect(done.stderr).toContain(`${list}:2`)
    expect(done.stderr).toContain('CNB_REFERENCE_INVALID')
    expect(proxy.log).toEqual([])
  })

  it('rebases all tags of a repository, and skips images that are not apps', async () => {
    const base = await movedRunImage()
    const name = `tags-${++count}`
    await appOn(base, {}, name)
    await putApp(registry, name, '2', { base: OLD, own: OWN, runImage: base })
    await putImage(registry, name, 'cache', [makeLayer('cache')], { os: 'linux', architecture: 'amd64', config: {}, rootfs: { type: 'layers', diff_ids: [makeLayer('cache').diffId] } })
    await putImage(registry, name, `sha256-${'0'.repeat(64)}.sig`, [], {})
    const { images } = await rebase<RebaseManyResult>(['--all-tags', `${proxy.address}/${name}`])
    expect(images.map(({ image, status }) => [image.split(':').at(-1), status]).sort()).toEqual([['1', 'rebased'], ['2', 'rebased'], ['cache', 'skipped']])
  })

  it('stops soon after an interrupt; the next run completes the work', async () => {
    const { list } = await fleet(6)
    proxy.inject({ method: 'PUT', path: /manifests/, fault: () => {} })
    const running = startCnb(['rebase', '--publish', '--from-file', list, '--output', 'ndjson', '--concurrency', '2'], { env: { DOCKER_CONFIG: directory.path } })
    await running.line(/"status":"rebased"/)
    running.signal('SIGINT')
    expect((await running.finished).code).toBe(130)
    const { summary } = await rebase<RebaseManyResult>(['--from-file', list])
    expect(summary.unchanged).toBeGreaterThan(0)
    expect(summary.rebased + summary.unchanged).toBe(6)
  })
})

/** Not all registries store one blob twice at the same time. */
async function inTurn<T, R>(all: readonly T[], make: (each: T) => Promise<R>): Promise<R[]> {
  const made: R[] = []
  for (const each of all) made.push(await make(each))
  return made
}

describe('an index', () => {
  const ARM = { os: 'linux', architecture: 'arm64', variant: 'v8' }
  const AMD = { os: 'linux', architecture: 'amd64' }
  const attestation = { 'vnd.docker.reference.type': 'attestation-manifest' }

  /** Stores an app for two platforms, with an attestation, and its run image for `platforms`. */
  async function indexOf(platforms: readonly (typeof AMD)[], more: object): Promise<{ name: string; app: string }> {
    const [base, name] = [`run-${++count}`, `index-${++count}`]
    const bases = await inTurn(platforms, (platform) => putRunImage(registry, base, platform.architecture, { layers: NEW, platform }))
    await putIndex(registry, base, 'latest', bases.map((descriptor, at) => ({ ...descriptor, platform: platforms[at] })))
    const entries = await inTurn([AMD, ARM], async (platform) => ({
      ...(await putApp(registry, name, platform.architecture, { base: OLD, own: OWN, runImage: `${proxy.address}/${base}`, platform })),
      annotations: { kept: platform.architecture },
      platform: { ...platform, 'os.version': '1' },
    }))
    const said = await putImage(registry, name, 'attestation', [makeLayer('said')], { os: 'unknown', architecture: 'unknown', config: {}, rootfs: { type: 'layers', diff_ids: [makeLayer('said').diffId] } })
    await putIndex(registry, name, '1', [...entries, { ...said, annotations: attestation, platform: { os: 'unknown', architecture: 'unknown' } }], more)
    return { name, app: `${proxy.address}/${name}:1` }
  }

  it('rebases all images of an index, keeps its annotations, and drops attestations with a warning', async () => {
    const { name, app } = await indexOf([ARM, AMD], { annotations: { team: 'blue' } })
    const done = await run([app, '--output', 'json'])
    expect(done.code).toBe(0)
    expect(done.stderr).toMatch(/^Warning: 1 attestation/)
    const index = await getDocument<{ manifests: Descriptor[]; annotations: object }>(registry, name, '1')
    expect(JSON.parse(done.stdout)).toMatchObject({ changed: true, reference: `${proxy.address}/${name}@${index?.digest}`, platforms: [{ platform: 'linux/amd64' }, { platform: 'linux/arm64/v8' }] })
    expect(index?.document.annotations).toEqual({ team: 'blue' })
    expect(index?.document.manifests.map(({ platform, annotations }) => [platform, annotations])).toEqual([
      [{ ...AMD, 'os.version': '1' }, { kept: 'amd64' }],
      [{ ...ARM, 'os.version': '1' }, { kept: 'arm64' }],
    ])
    for (const [at, platform] of [AMD, ARM].entries()) {
      const child = await stored(`x/${name}@${index?.document.manifests[at]?.digest}`)
      expect(child.config).toMatchObject(platform)
      expect(child.manifest.layers.map((layer) => layer.digest)).toEqual(digests([...NEW, ...OWN]))
    }
    expect(await rebase([app])).toMatchObject({ changed: false })
  })

  it('keeps the media type of a Docker index', async () => {
    const { name, app } = await indexOf([AMD, ARM], {})
    const index = await getDocument<{ manifests: object[] }>(registry, name, '1')
    await putDocument(registry, name, '1', { schemaVersion: 2, mediaType: DOCKER_INDEX, manifests: index?.document.manifests })
    await rebase([app])
    expect(await getDocument(registry, name, '1')).toMatchObject({ mediaType: DOCKER_INDEX, document: { mediaType: DOCKER_INDEX } })
  })

  it('stays unchanged if one of its images has no run image', async () => {
    const { name, app } = await indexOf([AMD], {})
    const before = await getDocument(registry, name, '1')
    const done = await run([app])
    expect(done).toMatchObject({ code: 1, stdout: '' })
    expect(done.stderr).toMatch(/linux\/arm64\/v8: [^]*CNB_PLATFORM_MISMATCH/)
    expect((await getDocument(registry, name, '1'))?.digest).toBe(before?.digest)
    expect(proxy.log.every(({ method }) => method === 'GET')).toBe(true)
  })
})

describe('a registry with a token server', () => {
  it('issues a token for the app and its run image, and mounts', async () => {
    await using certificate = await makeCertificate()
    await using tokens = await startTokenServer({ certificate, tls: true, users: { ci: { password: 'secret', repositories: { app: ['pull', 'push'], run: ['pull'] } } } })
    await using guarded = await startRegistry({ certificate, auth: tokens })
    await putRunImage(guarded, 'run', 'latest', { layers: NEW })
    await putApp(guarded, 'app', '1', { base: OLD, own: OWN, runImage: `${guarded.address}/run` })
    const [name, ca] = [`${guarded.address}/app:1`, ['--ca-cert', certificate.caPath]]
    const env = { CNB_REGISTRY_AUTH: JSON.stringify({ [guarded.address]: `Basic ${Buffer.from('ci:secret').toString('base64')}` }) }
    const refused = await run([name, ...ca])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/CNB_REGISTRY_DENIED/)
    const done = await run([name, ...ca, '--output', 'json'], { env })
    expect(done, done.stderr).toMatchObject({ code: 0 })
    expect(JSON.parse(done.stdout)).toMatchObject({ changed: true })
    expect(done.stdout + done.stderr).not.toMatch(/secret|Basic/)
  })
})

it.each([
  [[], 'no image specified'],
  [['app', 'other', '--previous-image', 'x'], '--previous-image'],
  [['app', 'other', '--report-output-dir', 'x'], '--report-output-dir'],
  [['app', '--concurrency', '0'], '--concurrency'],
  [['--all-tags', 'app:1'], 'app:1'],
  [['--from-file', '/nobody/there'], '/nobody/there'],
])('%s is wrong usage', async (args, words) => {
  const done = await run(args)
  expect(done).toMatchObject({ code: 2, stdout: '' })
  expect(done.stderr).toContain(words)
})
