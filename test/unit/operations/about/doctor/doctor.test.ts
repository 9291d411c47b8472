import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { CnbError } from '../../../../../src/base/errors.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../../src/base/files.ts'
import type { EngineInfo } from '../../../../../src/docker/engine.ts'
import { digestOf } from '../../../../../src/oci/digest.ts'
import { diagnose, type Diagnosis, type DoctorOptions, type DoctorServices } from '../../../../../src/operations/about/doctor/doctor.ts'
import { parseTarget } from '../../../../../src/operations/about/doctor/registry-checks.ts'
import type { Registries, Repository } from '../../../../../src/registry/registry.ts'
import { FakeEngine } from '../../../../support/fakes/fake-engine.ts'
import { packFiles } from '../../../../support/fakes/fake-files.ts'
import { makeCertificate } from '../../../../support/registry/certificate.ts'

const SECRET = 's3cret'

let home: TemporaryDirectory
let engine: FakeEngine
let registries: Partial<Registries>
let repository: Partial<Repository>
beforeEach(async () => {
  home = await makeTemporaryDirectory()
  engine = new FakeEngine({ version: '28.5.2', apiVersion: '1.51', driver: 'overlay2' })
  repository = { resolve: async () => undefined }
  registries = { ping: async (host) => ({ origin: `https://${host}`, isAllowed: true, aheadMs: 0 }), repository: () => repository as Repository }
})
afterEach(() => home[Symbol.asyncDispose]())

const write = async (file: string, text: string, mode = 0o644): Promise<string> => {
  const path = join(home.path, file)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  await chmod(path, mode)
  return path
}

async function run(options: Partial<DoctorOptions> = {}, { env = {}, connect, info = {} }: { env?: Record<string, string>; connect?: DoctorServices['connect']; info?: Partial<EngineInfo> } = {}): Promise<Diagnosis> {
  const known = await engine.info()
  engine.info = async () => ({ ...known, ...info })
  const endpoint = { address: 'unix:///run/engine.sock', origin: 'a test', transport: { kind: 'socket' as const, path: '/run/engine.sock' } }
  const services: DoctorServices = {
    host: { env: { PATH: process.env['PATH'], ...env }, home: home.path, cwd: home.path },
    platform: { os: 'linux', architecture: 'amd64' },
    registries: async () => registries as Registries,
    findEndpoint: async () => endpoint,
    connect: connect ?? (async () => engine),
  }
  return diagnose({ targets: [], ...options }, services, {})
}

/** Returns the results of one check, each as its status and the beginning of its text. */
function of({ checks }: Diagnosis, name: string): string[] {
  return checks.filter(({ check }) => check === name).map(({ status, found, fix = '' }) => [status, found, fix].join(' | '))
}

test('finds no problem on a good machine, and lists its facts', async () => {
  const found = await run()
  expect(found.checks.filter(({ status }) => status === 'problem' || status === 'warning')).toEqual([])
  expect(found).toMatchObject({ canBuild: true, engine: { address: 'unix:///run/engine.sock', origin: 'a test', product: 'docker', version: '28.5.2', imageStore: 'graphdriver' } })
  expect(of(found, 'engine')).toEqual(['ok | Docker 28.5.2 (API 1.51) at unix:///run/engine.sock (from a test) | '])
  expect([...new Set(found.checks.map(({ check }) => check))]).toEqual([
    'engine', 'image store', 'platform', 'engine space', 'leftovers', 'registry', 'builder', 'configuration', 'credentials', 'proxies', 'directories', 'certificates', 'git', 'clock',
  ])
})

test('reports an engine that does not answer once, and skips what needs it', async () => {
  const found = await run({}, { connect: async () => Promise.reject(new CnbError('CNB_ENGINE_UNREACHABLE', 'no engine', { hint: 'Start Docker.' })) })
  expect(found).toMatchObject({ canBuild: false, engine: null })
  expect(of(found, 'engine')).toEqual(['problem | no engine | Start Docker.'])
  expect(['image store', 'platform', 'engine space', 'leftovers'].flatMap((name) => of(found, name))).toEqual(Array(4).fill('skipped | no engine | '))
})

test.each<[string, Partial<EngineInfo>, string, string]>([
  ['an old Docker', { version: '19.03.1' }, 'engine', 'warning'],
  ['an old Podman', { product: 'podman', version: '4.2.0' }, 'engine', 'warning'],
  ['an old minor version', { version: '20.9.0' }, 'engine', 'warning'],
  ['Windows containers', { platform: { os: 'windows', architecture: 'amd64' } }, 'engine', 'problem'],
  ['the driver vfs', { driver: 'vfs' }, 'image store', 'warning'],
  ['another architecture', { platform: { os: 'linux', architecture: 'arm64' } }, 'platform', 'warning'],
  ['a wrong clock', { aheadMs: 120_000 }, 'clock', 'warning'],
])('reports %s', async (_title, info, check, status) => {
  const [found = ''] = of(await run({}, { info }), check)
  expect(found.split(' | ')[0]).toBe(status)
  expect(found).toMatch(/ \| [A-Z].*\.$/)
})

test.each([['rootless', ['name=rootless'], 'overlay2, rootless'], ['userns', ['name=userns'], 'overlay2, userns']])('shows that an engine is %s', async (_title, securityOptions, found) => {
  expect(of(await run({}, { info: { securityOptions } }), 'image store')).toEqual([`ok | ${found} | `])
})

test("sees the space of the engine's directory on this machine only", async () => {
  expect(of(await run({}, { info: { rootDirectory: home.path } }), 'engine space')[0]).toContain(`free in ${home.path}`)
  const unseen = [{ rootDirectory: '/nonexistent' }, { rootDirectory: home.path, system: 'Docker Desktop' }, {}]
  for (const info of unseen) expect(of(await run({}, { info: { rootDirectory: undefined, system: undefined, ...info } }), 'engine space')[0]).toMatch(/^skipped/)
})

test('warns of unknown keys, and reports an invalid configuration', async () => {
  await write('.cnb/config.toml', 'default-bilder-image = "x"\n')
  expect(of(await run(), 'configuration')[0]).toMatch(/^warning .*unknown key default-bilder-image/)
  await write('.cnb/config.toml', 'pull-policy = 1\n')
  const found = await run()
  expect(found.canBuild).toBe(false)
  expect(of(found, 'configuration')[0]).toMatch(/^problem/)
  expect(of(found, 'registry')[0]).toMatch(/^skipped/)
})

test('reports malformed credentials, and a missing credential helper, without secrets', async () => {
  await write('.docker/config.json', `{"auths":{"r.example":{"auth":"${SECRET}"`)
  expect(of(await run(), 'credentials')[0]).toMatch(/^problem .*config\.json: it is not valid JSON/)
  await write('.docker/config.json', JSON.stringify({ auths: { 'r.example': { auth: SECRET } }, credsStore: 'absent-here', credHelpers: { 'g.example': 'talking' } }))
  await write('bin/docker-credential-talking', `#!/bin/sh\necho '{"Username":"u","Secret":"${SECRET}"}'\n`, 0o755)
  const found = await run({}, { env: { PATH: `${home.path}/bin:${process.env['PATH']}` } })
  expect(of(found, 'credentials').map((text) => text.replace(home.path, '~'))).toEqual([
    'ok | ~/.docker/config.json: 1 login | ',
    'ok | docker-credential-talking answers | ',
    expect.stringMatching(/^warning \| the credential helper docker-credential-absent-here is not on the PATH/),
  ])
  expect(found.canBuild).toBe(true)
  expect(JSON.stringify(found)).not.toContain(SECRET)
})

test('reports unusable and unreachable proxies without passwords, and an engine without a proxy', async () => {
  expect(of(await run({}, { env: { HTTPS_PROXY: `socks5://u:${SECRET}@proxy` } }), 'proxies')[0]).toMatch(/^problem .*HTTPS_PROXY/)
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  onTestFinished(() => void server.close())
  const env = { HTTPS_PROXY: `http://u:${SECRET}@127.0.0.1:${port}` }
  expect(of(await run({}, { env, info: { usesProxy: true } }), 'proxies')).toEqual([`ok | http://127.0.0.1:${port} (HTTPS_PROXY) | `])
  expect(of(await run({}, { env, info: { usesProxy: false } }), 'proxies')[1]).toMatch(/^warning .*engine has no proxy/)
  await new Promise((resolve) => server.close(resolve))
  const dead = await run({}, { env })
  expect(of(dead, 'proxies')[0]).toMatch(/^problem .*cannot reach the proxy/)
  expect(JSON.stringify(dead)).not.toContain(SECRET)
})

test('reports certificates that cannot be read: a problem for --ca-cert, otherwise a warning', async () => {
  const file = await write('no.pem', 'nothing')
  expect(of(await run({ caCerts: [file] }), 'certificates')[0]).toMatch(/^problem .*it has no certificate/)
  expect(of(await run({ caCerts: ['absent.pem'] }), 'certificates')[0]).toMatch(/^problem .*absent\.pem/)
  expect(of(await run({}, { env: { SSL_CERT_FILE: '/absent.pem' } }), 'certificates')[0]).toMatch(/^warning .*SSL_CERT_FILE.* \| Set SSL_CERT_FILE/)
})

test('warns of a file with expired certificates only', async () => {
  await using certificate = await makeCertificate()
  const options = { caCerts: [certificate.caPath] }
  expect(of(await run(options), 'certificates')).toEqual([`ok | ${certificate.caPath} (--ca-cert) | `])
  const later = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 10 * 24 * 60 * 60 * 1000)
  onTestFinished(() => later.mockRestore())
  expect(of(await run(options), 'certificates')[0]).toMatch(/^warning .*have expired/)
})

test('reports directories that cannot be written: a problem if builds need them', async () => {
  const file = await write('file', '')
  const env = { CNB_CACHE_DIR: join(file, 'cache'), PACK_HOME: file }
  const found = of(await run({}, { env }), 'directories').map((text) => text.split(' | ')[0])
  expect(found).toEqual(['ok', 'warning', 'ok', 'problem'])
  expect(of(await run({}, { env: { ...env, PACK_VOLUME_KEY: 'x' } }), 'directories')).toHaveLength(3)
})

test('warns without git', async () => {
  expect(of(await run({}, { env: { PATH: '/nonexistent' } }), 'git')[0]).toMatch(/^warning .* \| Install git/)
})

test('checks the login at a registry', async () => {
  const targets = ['r.example']
  const check = async (isAllowed: boolean): Promise<string | undefined> => {
    registries.ping = async (host) => ({ origin: `https://${host}`, isAllowed })
    return of(await run({ targets }), 'registry')[0]
  }
  expect(await check(true)).toBe('ok | https://r.example: reachable | ')
  expect(await check(false)).toMatch(/^warning .*requires a login \| Log in: 'docker login r\.example'/)
  await write('.docker/config.json', JSON.stringify({ auths: { 'r.example': { username: 'u', password: SECRET } } }))
  expect(await check(true)).toMatch(/^ok .*accepts the login/)
  expect(await check(false)).toMatch(/^problem .*does not accept the login/)
})

test('finds images, and checks with --publish that they can be pushed', async () => {
  const targets = ['r.example/team/app']
  expect(of(await run({ targets }), 'registry')[1]).toMatch(/^ok .*does not exist, and can be a new image/)
  repository.resolve = async () => ({ digest: digestOf(Buffer.from('x')), mediaType: 'x', size: 1 })
  expect(of(await run({ targets }), 'registry')[1]).toMatch(/^ok .*can be pulled/)
  repository.checkPush = async () => Promise.reject(new CnbError('CNB_REGISTRY_DENIED', 'cannot push: denied', { hint: 'Log in.' }))
  const found = await run({ targets, publish: true })
  expect(found.canBuild).toBe(false)
  expect(of(found, 'registry')).toEqual(['ok | https://r.example: reachable | ', 'problem | cannot push: denied | Log in.'])
})

test("warns of an unreachable registry that only the default builder names, and finds the builder on the engine", async () => {
  await write('.cnb/config.toml', 'default-builder-image = "r.example/builder"\n')
  const unreachable = async (): Promise<never> => Promise.reject(new CnbError('CNB_REGISTRY_UNREACHABLE', 'cannot reach r.example'))
  registries.ping = unreachable
  repository.resolve = unreachable
  const absent = await run()
  expect([...of(absent, 'registry'), ...of(absent, 'builder')].map((text) => text.split(' | ')[0])).toEqual(['warning', 'problem'])
  const load = async (labels: object): Promise<void> => {
    const layer = await buffer(packFiles([]))
    const config = JSON.stringify({ os: 'linux', architecture: 'amd64', config: { Labels: labels }, rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } })
    const manifest = JSON.stringify([{ Config: 'c', RepoTags: ['r.example/builder:latest'], Layers: ['l'] }])
    await engine.images.load(packFiles([['c', config], ['l', layer], ['manifest.json', manifest]]))
  }
  await load({ 'io.buildpacks.builder.metadata': '{}' })
  const present = await run()
  expect(of(present, 'builder')).toEqual(['ok | r.example/builder: on the engine | '])
  expect(present.canBuild).toBe(true)
  await load({})
  expect(of(await run(), 'builder')[0]).toMatch(/^problem .*is not a builder/)
})

test.each([
  ['r.example', 'r.example'], ['r.example:5000', 'r.example:5000'], ['localhost', 'localhost'], ['localhost:5000', 'localhost:5000'], ['host:5000/', 'host:5000'],
  ['127.0.0.1:5000', '127.0.0.1:5000'], ['docker.io', 'docker.io'],
])('understands %s as a registry', (text, registry) => {
  expect(parseTarget(text)).toEqual({ registry })
})

test.each([['node', 'docker.io'], ['python:3.12', 'docker.io'], ['r.example/a', 'r.example'], ['team/app:1', 'docker.io']])('understands %s as an image', (text, registry) => {
  expect(parseTarget(text)).toMatchObject({ registry, name: text })
})
