import { expect, test } from 'vitest'
import type { EngineInfo } from '../../../../src/docker/engine.ts'
import { engineAccessChoices } from '../../../../src/lifecycle/stock/engine-access.ts'

const info: EngineInfo = {
  product: 'docker',
  version: '20.10',
  apiVersion: '1.41',
  platform: { os: 'linux', architecture: 'amd64' },
  imageStore: 'graphdriver',
  securityOptions: [],
}

const sources = (address: string, dockerHost?: string) =>
  engineAccessChoices({ address }, info, '/home/me', dockerHost).map(({ mounts }) => mounts[0]?.source)

test("tries the engine's socket first, then the default one", () => {
  expect(sources('unix:///run/user/1000/docker.sock')).toEqual(['/run/user/1000/docker.sock', '/var/run/docker.sock'])
  expect(sources('unix:///var/run/docker.sock')).toEqual(['/var/run/docker.sock'])
})

test("tries the default socket first if the engine's is below the home directory, in a virtual machine", () => {
  expect(sources('unix:///home/me/.docker/run/docker.sock')).toEqual(['/var/run/docker.sock', '/home/me/.docker/run/docker.sock'])
})

test('uses the default socket for an engine over ssh', () => {
  expect(sources('ssh://host')).toEqual(['/var/run/docker.sock'])
})

test('uses the socket, tcp address, or current address that the user chose', () => {
  expect(sources('ssh://host', 'unix:///run/podman.sock')).toEqual(['/run/podman.sock'])
  expect(sources('unix:///a.sock', 'inherit')).toEqual(['/a.sock'])
  expect(engineAccessChoices({ address: 'unix:///a.sock' }, info, '/h', 'tcp://1.2.3.4:2375')).toEqual([
    { env: ['DOCKER_HOST=tcp://1.2.3.4:2375', 'DOCKER_API_VERSION=1.41'], mounts: [] },
  ])
})

test('never mounts the socket at the default path, and passes the API version', () => {
  for (const { env, mounts } of engineAccessChoices({ address: 'unix:///var/run/docker.sock' }, info, '/h')) {
    expect(mounts[0]?.target).toBe('/cnb-engine.sock')
    expect(env).toEqual(['DOCKER_HOST=unix:///cnb-engine.sock', 'DOCKER_API_VERSION=1.41'])
  }
})

test.each([
  ['tcp://engine', 'tcp://engine:2375'],
  ['tcp://[::1]:99', 'tcp://[::1]:99'],
  ['http://engine:80', 'tcp://engine:80'],
])('passes the address %s to the phases as %s', (dockerHost, passed) => {
  expect(engineAccessChoices({ address: 'unix:///a.sock' }, info, '/h', dockerHost)).toMatchObject([{ env: [`DOCKER_HOST=${passed}`, 'DOCKER_API_VERSION=1.41'] }])
})

test.each(['ssh://host', 'unix://relative.sock', 'npipe:////./pipe/docker_engine', 'tcp://', 'tcp://host:99999', 'https://host', 'banana', ''])("rejects the address '%s', which phases cannot use", (dockerHost) => {
  expect(() => sources('unix:///a.sock', dockerHost)).toThrow(expect.objectContaining({ code: 'CNB_USAGE', exit: 2, hint: expect.stringContaining("'inherit'") as string }))
})
