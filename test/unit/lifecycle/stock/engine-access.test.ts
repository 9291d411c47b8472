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

test("the engine's own socket is tried first, then the usual one", () => {
  expect(sources('unix:///run/user/1000/docker.sock')).toEqual(['/run/user/1000/docker.sock', '/var/run/docker.sock'])
  expect(sources('unix:///var/run/docker.sock')).toEqual(['/var/run/docker.sock'])
})

test('a socket below the home directory leads into a virtual machine, which has the usual one', () => {
  expect(sources('unix:///home/me/.docker/run/docker.sock')).toEqual(['/var/run/docker.sock', '/home/me/.docker/run/docker.sock'])
})

test('an engine at the end of ssh has the usual socket', () => {
  expect(sources('ssh://host')).toEqual(['/var/run/docker.sock'])
})

test('the user can name the socket, a tcp address, or the address in use', () => {
  expect(sources('ssh://host', 'unix:///run/podman.sock')).toEqual(['/run/podman.sock'])
  expect(sources('unix:///a.sock', 'inherit')).toEqual(['/a.sock'])
  expect(engineAccessChoices({ address: 'unix:///a.sock' }, info, '/h', 'tcp://1.2.3.4:2375')).toEqual([
    { env: ['DOCKER_HOST=tcp://1.2.3.4:2375', 'DOCKER_API_VERSION=1.41'], mounts: [] },
  ])
})

test('the socket is never mounted at its usual place, and the API version is told', () => {
  for (const { env, mounts } of engineAccessChoices({ address: 'unix:///var/run/docker.sock' }, info, '/h')) {
    expect(mounts[0]?.target).toBe('/cnb-engine.sock')
    expect(env).toEqual(['DOCKER_HOST=unix:///cnb-engine.sock', 'DOCKER_API_VERSION=1.41'])
  }
})

test.each(['ssh://host', 'unix://relative.sock', 'banana', ''])("an address that phases cannot use is refused: '%s'", (dockerHost) => {
  expect(() => sources('unix:///a.sock', dockerHost)).toThrow(expect.objectContaining({ code: 'CNB_USAGE', exit: 2 }))
})
