/** The size of a layer from the session script's list, for all that a directory can have. */

import { afterAll, expect, test } from 'vitest'
import { buffer } from 'node:stream/consumers'
import { packTar, type TarEntry } from '../../../src/archive/tar/tar-writer.ts'
import { containerFiles } from '../../../src/lifecycle/native/layers/container-files.ts'
import { LayerFactory } from '../../../src/lifecycle/native/layers/layer-factory.ts'
import { BuildSession } from '../../../src/lifecycle/native/run/session/build-session.ts'
import { sessionFiles } from '../../../src/lifecycle/native/run/session-files.ts'
import { SESSION_SCRIPT } from '../../../src/lifecycle/native/run/session/session-script.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { connectToEngine } from '../images/crafted.ts'

const engine = await connectToEngine()
afterAll(() => engine.close())

const owner = { uid: 1001, gid: 1000 }
const owned = { ...owner, mtime: 0 }
const directory = (name: string): TarEntry => ({ ...owned, type: 'directory', name, mode: 0o755 })
const file = (name: string | Buffer, content = 'x', mode = 0o644): TarEntry => ({ ...owned, type: 'file', name, mode, size: content.length, content: Buffer.from(content) })
const link = (name: string, linkname: string, type: 'link' | 'symlink' = 'symlink'): TarEntry => ({ ...owned, type, name, linkname, mode: 0o777 })

const PROGRAMS = ['detector', 'builder'].map((phase) => file(`cnb/lifecycle/${phase}`, '#!/bin/sh\n', 0o755))
const TREE = [
  directory('bp'), directory('bp/layer'), file('bp/layer/empty', ''), file('bp/layer/block', 'x'.repeat(512)), file('bp/layer/large', 'x'.repeat(300_001)),
  file(`bp/layer/${'n'.repeat(120)}`), file(`bp/layer/${'n'.repeat(250)}`), file('bp/layer/new\nline'), file('bp/layer/tôst'), file(Buffer.from('bp/layer/\xff', 'latin1')),
  directory(`bp/layer/${'d'.repeat(99)}`), file(`bp/layer/${'d'.repeat(99)}/${'f'.repeat(90)}`), directory('bp/layer/-rf'),
  link('bp/layer/link', 'empty'), link('bp/layer/long link', 'x'.repeat(200)), link('bp/layer/link of bytes', 'tôst'),
  link('bp/layer/linked', 'bp/layer/large', 'link'), link('bp/layer/linked link', 'bp/layer/link', 'link'),
  { ...owned, type: 'fifo', name: 'bp/layer/pipe', mode: 0o600 } as const,
]

test('is exact, and the layer is read once', async () => {
  await using container = await engine.containers.create({ image: 'cnb-sample/builder', command: ['/bin/sh', '-c', SESSION_SCRIPT, 'cnb'], user: '1001:1000', stdin: true, mounts: [{ type: 'volume', source: '', target: '/layers' }] }, {})
  await container.putArchive('/', packTar(PROGRAMS), {})
  await container.putArchive('/layers', packTar(TREE), {})
  await using session = new BuildSession([], {})
  await session.start(container)
  expect(await session.prepare({ paths: ['bp', 'bp/layer'], fingerprints: new Map() }, async () => {})).toEqual([])
  await session.detect(false)
  await session.remove([])
  await (await session.build(undefined)).fingerprints([])
  const reads: string[] = []
  const files = sessionFiles(session, { read: () => Promise.reject(new Error('read through the engine')) })
  const counted = { ...files, read: (path: string, context: object) => (reads.push(path), files.read(path, context)) }
  await using factory = new LayerFactory(counted, owner)
  let size: number | undefined
  const bytes: Buffer[] = []
  const layer = await factory.directoryLayer('/layers/bp/layer', [], {}, async (sizeOf) => {
    size = await sizeOf()
    return { write: async (chunk) => void bytes.push(chunk), finish: async () => {}, [Symbol.asyncDispose]: async () => {} }
  })
  expect([size, reads]).toEqual([layer.size, ['/layers/bp/layer']])
  expect(digestOf(Buffer.concat(bytes))).toBe(layer.diffId)
  session.closeInput()
  // The engine's archive has hard links as links.
  await using other = new LayerFactory(containerFiles(container), owner)
  const fromEngine = await other.directoryLayer('/layers/bp/layer', [], {})
  expect([fromEngine.diffId, (await buffer(await fromEngine.open())).length]).toEqual([layer.diffId, size])
})
