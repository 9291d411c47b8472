/** The session script in a container: the kept parts of `/layers`, and the number of processes. */

import { randomBytes } from 'node:crypto'
import { homedir } from 'node:os'
import { afterAll, expect, test } from 'vitest'
import { readTar } from '../../../src/archive/tar/tar-reader.ts'
import { packTar, type TarEntry } from '../../../src/archive/tar/tar-writer.ts'
import { connectEngine } from '../../../src/docker/connection/connect.ts'
import { resolveEndpoint } from '../../../src/docker/connection/endpoint.ts'
import type { KeptPaths } from '../../../src/lifecycle/native/run/kept-paths.ts'
import { type PrepareFailure, BuildSession } from '../../../src/lifecycle/native/run/session/build-session.ts'
import { SESSION_SCRIPT } from '../../../src/lifecycle/native/run/session/session-script.ts'

const engine = await connectEngine(await resolveEndpoint({ env: process.env, home: homedir() }))
const volumes: string[] = []
afterAll(async () => {
  for (const volume of volumes) await engine.volumes.remove(volume)
  engine.close()
})

function newVolume(): string {
  const volume = `cnb-test-session-${randomBytes(4).toString('hex')}`
  volumes.push(volume)
  return volume
}

const owned = { uid: 1001, gid: 1000, mtime: 0 }
const directory = (name: string, mode = 0o755): TarEntry => ({ ...owned, type: 'directory', name: Buffer.from(name, 'latin1'), mode, size: 0 })
const file = (name: string, content = 'x', mode = 0o644): TarEntry => ({
  ...owned, type: 'file', name: Buffer.from(name, 'latin1'), mode, size: content.length, content: Buffer.from(content),
})

/** Phases without effect, and tools that record each of their calls. */
const counted = (tool: string): TarEntry => file(`counted/${tool}`, `#!/bin/sh\necho "${tool} $*" >>/tmp/calls\nexec /usr/bin/${tool} "$@"\n`, 0o755)
const PROGRAMS = [
  ...['detector', 'builder'].map((phase) => file(`cnb/lifecycle/${phase}`, '#!/bin/sh\n', 0o755)),
  directory('counted'), ...['find', 'sha256sum', 'xargs', 'rm'].map(counted), file('tmp/calls', ''),
]

interface Looked {
  readonly prepared: readonly string[] | PrepareFailure
  readonly fingerprints: ReadonlyMap<string, string>
  readonly calls: readonly string[]
}

/** Builds on the volume with `entries` added. Returns the fingerprints of `layers`, and the calls. */
async function look(source: string, entries: readonly TarEntry[], kept: KeptPaths, layers: readonly string[]): Promise<Looked> {
  const command = ['/bin/sh', '-c', SESSION_SCRIPT, 'cnb']
  const mounts = [{ type: 'volume', source, target: '/layers' }] as const
  const env = ['PATH=/counted:/usr/bin:/bin']
  await using container = await engine.containers.create({ image: 'cnb-sample/builder', command, env, user: '1001:1000', stdin: true, mounts }, {})
  await container.putArchive('/', packTar(PROGRAMS), {})
  await container.putArchive('/layers', packTar(entries), {})
  await using session = new BuildSession([], {})
  await session.start(container)
  const prepared = await session.prepare(kept, async () => {})
  if (typeof prepared === 'string') return { prepared, fingerprints: new Map(), calls: [] }
  await session.detect(false)
  await session.remove([])
  const { fingerprints } = await session.build(undefined)
  const found = await fingerprints(layers)
  session.closeInput()
  const calls: string[] = []
  for await (const { content } of readTar((await container.getArchive('/tmp/calls', {}))!)) for await (const chunk of content) calls.push(String(chunk))
  return { prepared, fingerprints: found, calls: calls.join('').split('\n') }
}

async function listed(source: string): Promise<string[]> {
  const mounts = [{ type: 'volume', source, target: '/layers' }] as const
  await using container = await engine.containers.create({ image: 'cnb-sample/builder', command: ['true'], mounts }, {})
  const names: string[] = []
  for await (const { name } of readTar((await container.getArchive('/layers', {}))!)) names.push(name.toString('latin1').replace(/^layers\/|\/$/g, ''))
  return names.filter(Boolean).sort()
}

const ALL = ['bp']

test('uses as many processes and as long command lines for a thousand layers as for ten', async () => {
  const layers = Array.from({ length: 1000 }, (_, index) => `bp/layer ${index}`)
  const build = async (some: readonly string[]): Promise<{ calls: number; words: number }> => {
    const volume = newVolume()
    const entries = [directory('bp'), ...some.flatMap((layer) => [directory(layer), file(`${layer}/f`), file(`${layer}.toml`, '')])]
    const paths = [...ALL, ...some, ...some.map((layer) => `${layer}.toml`)]
    const { fingerprints } = await look(volume, entries, { paths, fingerprints: new Map() }, some)
    expect(fingerprints.size).toBe(some.length)
    const again = await look(volume, [], { paths, fingerprints }, some)
    expect(again.prepared).toEqual([])
    const finds = again.calls.filter((call) => /^find .*-path/.test(call))
    return { calls: again.calls.length, words: Math.max(...finds.map((call) => call.length)) }
  }
  const [few, many] = [await build(layers.slice(0, 10)), await build(layers)]
  // xargs splits longer command lines.
  expect(many.calls).toBeLessThan(few.calls + 10)
  expect(many.words).toBe(few.words)
})

test('keeps layers of all names and contents if they look unchanged, and removes others with their files', async () => {
  const volume = newVolume()
  const layers = ['bp/same', 'bp/changed', 'bp/new\nline', 'bp/* [a]?', 'bp/-rf', 'bp/ \\', 'bp/tôst']
  const bytes = (name: string): string => Buffer.from(name).toString('latin1')
  const entries = [
    directory('bp'), directory('other'), directory('other/layer'), directory('bp/stale', 0o500), file('bp/\xff', ''), file('bp/* [b]c', ''),
    ...layers.flatMap((layer) => [directory(bytes(layer)), file(bytes(`${layer}/f`)), file(bytes(`${layer}.toml`), '')]),
    file('bp/changed.sbom.cdx.json', '{}'),
  ]
  const kept = { paths: [...ALL, ...layers, ...layers.map((layer) => `${layer}.toml`), 'bp/changed.sbom.cdx.json'], fingerprints: new Map<string, string>() }
  const first = await look(volume, entries, kept, layers)
  expect(await listed(volume)).toEqual(['bp', ...layers.flatMap((layer) => [layer, `${layer}/f`, `${layer}.toml`]).map(bytes), 'bp/changed.sbom.cdx.json'].sort())
  const second = await look(volume, [file('bp/changed/f', 'y')], { ...kept, fingerprints: first.fingerprints }, layers)
  expect(second.prepared).toEqual(['bp/changed'])
  expect((await listed(volume)).filter((name) => name.includes('changed'))).toEqual([])
  const same = layers.filter((layer) => layer !== 'bp/changed')
  expect(same.map((layer) => second.fingerprints.get(layer))).toEqual(same.map((layer) => first.fingerprints.get(layer)))
})

test('hashes large listings in the container, with the same fingerprint', async () => {
  const volume = newVolume()
  const kept = { paths: [...ALL, 'bp/a', 'bp/b'], fingerprints: new Map<string, string>() }
  const small = await look(volume, [directory('bp'), directory('bp/a'), file('bp/a/f')], kept, ['bp/a'])
  const many = Array.from({ length: 25_000 }, (_, index) => file(`bp/b/${'long name '.repeat(12)}${index}`, ''))
  const { prepared, fingerprints } = await look(volume, [directory('bp/b'), ...many], { ...kept, fingerprints: small.fingerprints }, ['bp/a', 'bp/b'])
  expect(prepared).toEqual([])
  expect(fingerprints.get('bp/a')).toBe(small.fingerprints.get('bp/a'))
  expect(fingerprints.get('bp/b')).toMatch(/^[0-9a-f]{64}$/)
})
