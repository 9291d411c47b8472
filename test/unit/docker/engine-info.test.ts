import { expect, onTestFinished, test } from 'vitest'
import type { EngineInfo } from '../../../src/docker/engine.ts'
import { json, startEngineServer } from './engine-server.ts'

async function infoOf(headers: Readonly<Record<string, string>>, info: object): Promise<EngineInfo> {
  const server = await startEngineServer({
    'GET /_ping': (response) => response.writeHead(200, headers).end('OK'),
    'GET /info': json(info),
  })
  onTestFinished(() => server[Symbol.asyncDispose]())
  const found = await server.engine.info()
  await server.engine.info()
  expect(server.asked.sort()).toEqual(['GET /_ping', 'GET /info'])
  return found
}

test('describes Docker, with the name of the architecture that images use', async () => {
  const info = { ServerVersion: '28.5.2', OSType: 'linux', Architecture: 'x86_64', SecurityOptions: ['name=seccomp,profile=builtin'] }
  expect(await infoOf({ 'Api-Version': '1.51', Server: 'Docker/28.5.2 (linux)' }, info)).toEqual({
    ...{ product: 'docker', version: '28.5.2', apiVersion: '1.51', imageStore: 'graphdriver' },
    platform: { os: 'linux', architecture: 'amd64' },
    securityOptions: ['name=seccomp,profile=builtin'],
    usesProxy: false,
    hasInit: false,
  })
  const driver = { DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] }
  expect((await infoOf({}, { ...info, ...driver })).imageStore).toBe('containerd')
})

test('has the facts that doctor checks', async () => {
  const now = Date.now()
  const info = { Driver: 'overlay2', DockerRootDir: '/var/lib/docker', OperatingSystem: 'Debian', SystemTime: new Date(now + 600_000).toISOString(), HttpsProxy: 'http://proxy' }
  const { aheadMs = 0, ...found } = await infoOf({}, info)
  expect(found).toMatchObject({ driver: 'overlay2', rootDirectory: '/var/lib/docker', system: 'Debian', usesProxy: true })
  expect(Math.round(aheadMs / 100_000)).toBe(6)
})

test('describes podman', async () => {
  const info = { ServerVersion: '4.3.1', OSType: 'linux', Architecture: 'arm64' }
  expect(await infoOf({ 'Api-Version': '1.41', 'Libpod-Api-Version': '4.3.1' }, info)).toMatchObject({
    ...{ product: 'podman', version: '4.3.1', apiVersion: '1.41' },
    platform: { os: 'linux', architecture: 'arm64' },
  })
})

test.each([['aarch64', 'arm64'], ['armv7l', 'arm'], ['i686', '386'], ['ppc64le', 'ppc64le'], ['s390x', 's390x'], ['riscv64', 'riscv64'], ['loongarch64', 'loong64']])(
  'translates the architecture %s',
  async (kernel, go) => {
    expect((await infoOf({}, { Architecture: kernel })).platform).toEqual({ os: 'linux', architecture: go })
  },
)
