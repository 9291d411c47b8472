import { expect, onTestFinished, test } from 'vitest'
import type { EngineImage } from '../../../src/docker/engine.ts'
import { json, startEngineServer } from './engine-server.ts'

async function inspectOn(headers: Readonly<Record<string, string>>, image: object): Promise<EngineImage | undefined> {
  const server = await startEngineServer({
    'GET /_ping': (response) => response.writeHead(200, headers).end('OK'),
    'GET /info': json({}),
    'GET /images/x/json': json({ Id: 'sha256:1', Os: 'linux', Architecture: 'amd64', RootFS: { Layers: [] }, ...image }),
  })
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server.engine.images.inspect('x')
}

test("reads os.version from Docker, but not from podman, which returns another value", async () => {
  const image = { OsVersion: '20.10.24', DockerVersion: '20.10.24' }
  const podman = { 'Libpod-API-Version': '4.3.1' }
  expect((await inspectOn({}, image))?.osVersion).toBe('20.10.24')
  expect((await inspectOn(podman, image))?.osVersion).toBeUndefined()
  expect((await inspectOn(podman, {}))?.osVersion).toBeUndefined()
})
