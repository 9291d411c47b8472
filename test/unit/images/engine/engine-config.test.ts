import { expect, test } from 'vitest'
import type { EngineImage } from '../../../../src/docker/engine.ts'
import { engineImageConfig } from '../../../../src/images/engine/engine-config.ts'
import { digestOf } from '../../../../src/oci/digest.ts'

/** The reply of Engine 20.10 for an image that was committed from a container. */
const inspected: EngineImage = {
  id: digestOf('id'),
  tags: [],
  repoDigests: [],
  platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
  osVersion: '7',
  created: '2020-01-02T03:04:05.000000006Z',
  author: 'me',
  config: {
    ...{ Hostname: 'abc', Domainname: '', AttachStdin: false, Tty: true, Image: 'sha256:x', ArgsEscaped: true, NetworkDisabled: false },
    ...{ User: 'u', Env: ['A=1'], Cmd: null, Labels: { a: 'b' }, WorkingDir: '', Volumes: null, Entrypoint: ['/x'], StopSignal: 'SIGTERM' },
  },
  diffIds: [digestOf('a'), digestOf('b')],
  size: 2,
}

const step = (created: number, createdBy: string, comment = '') => ({ created, createdBy, comment, size: 1 })

test("includes the image's settings, without those of a container", () => {
  expect(engineImageConfig(inspected, [step(2, 'newer', 'c'), step(1, 'older')])).toEqual({
    architecture: 'arm64',
    os: 'linux',
    variant: 'v8',
    'os.version': '7',
    author: 'me',
    created: '2020-01-02T03:04:05.000000006Z',
    config: { User: 'u', Env: ['A=1'], Labels: { a: 'b' }, WorkingDir: '', Entrypoint: ['/x'], StopSignal: 'SIGTERM' },
    rootfs: { type: 'layers', diff_ids: inspected.diffIds },
    history: [
      { created: '1970-01-01T00:00:01Z', created_by: 'older' },
      { created: '1970-01-01T00:00:02Z', created_by: 'newer', comment: 'c' },
    ],
  })
})

test('returns empty history entries if their number differs from the layers', () => {
  for (const history of [[], [step(1, 'a')], [step(3, 'c'), step(2, 'b'), step(1, 'a')]]) {
    expect(engineImageConfig(inspected, history).history).toEqual([{}, {}])
  }
})

test('omits properties that the engine does not return', () => {
  const bare = { ...inspected, platform: { os: 'linux', architecture: 'amd64' }, osVersion: undefined, author: '', created: undefined, config: {} }
  expect(Object.keys(engineImageConfig(bare, []))).toEqual(['architecture', 'os', 'config', 'rootfs', 'history'])
})
