import { execFileSync } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { digestOf, type Digest } from '../../../../src/oci/digest.ts'
import { openDownloadSession } from '../../../../src/operations/downloads.ts'
import { openLifecycle } from '../../../../src/operations/builder/open-lifecycle.ts'
import type { ContentCache } from '../../../../src/registry/download/content-cache.ts'
import { LIFECYCLE_TOML, writeLifecycle } from '../../builder/lifecycle-files.ts'

const PLATFORM = { os: 'linux', architecture: 'amd64' }

let scratch: TemporaryDirectory
/** The values of facts by kind and key. */
let facts: Map<string, unknown>
let written: number
beforeEach(async () => {
  scratch = await makeTemporaryDirectory()
  facts = new Map()
  written = 0
  await pack()
})
afterEach(() => scratch[Symbol.asyncDispose]())

async function pack(toml = LIFECYCLE_TOML): Promise<void> {
  const files = await writeLifecycle(await mkdtemp(join(scratch.path, 'release-')), 'lifecycle', toml)
  execFileSync('tar', ['--create', '--gzip', '--file', join(scratch.path, 'lifecycle.tgz'), '--directory', files, '.'])
}

async function open(uri = 'lifecycle.tgz') {
  const downloads = openDownloadSession({ env: {}, cwd: scratch.path, home: scratch.path }, {}, { ca: [] }, {})
  const cache = {
    fact: async (kind: string, key: string) => facts.get(`${kind} ${key}`),
    setFact: async (kind: string, key: string, value: unknown) => {
      written++
      facts.set(`${kind} ${key}`, JSON.parse(JSON.stringify(value)))
    },
  } as unknown as ContentCache
  const findImage = () => Promise.reject(new Error('no image is needed'))
  return openLifecycle({ type: 'path', uri }, { base: scratch.path, platform: PLATFORM, policy: 'always', downloads: { ...downloads, cache }, findImage }, {})
}

test('surveys an archive once, and makes the same layer from it again', async () => {
  const first = await open()
  const second = await open()
  expect(written).toBe(1)
  expect({ ...second, layer: { diffId: second.layer.diffId, size: second.layer.size } }).toEqual({ ...first, layer: { diffId: first.layer.diffId, size: first.layer.size } })
  const content = await buffer(await second.layer.open())
  expect([digestOf(content), content.length]).toEqual([first.layer.diffId, first.layer.size])
})

test('surveys an archive with other content', async () => {
  expect((await open()).version).toBe('0.21.0')
  await pack(LIFECYCLE_TOML.replace('0.21.0', '0.21.1'))
  expect((await open()).version).toBe('0.21.1')
  expect(written).toBe(2)
})

test('does not remember a directory: its files may change at any time', async () => {
  await writeLifecycle(join(scratch.path, 'directory'))
  await open('directory')
  expect(written).toBe(0)
})

const WRONG = digestOf('another layer')

test.each([
  ['text', 'x'],
  ['no digest', { toml: LIFECYCLE_TOML, directory: 'lifecycle', diffId: 'x', size: 1 }],
  ['no size', { toml: LIFECYCLE_TOML, directory: 'lifecycle', diffId: WRONG }],
  ['no directory', { toml: LIFECYCLE_TOML, diffId: WRONG, size: 1 }],
  ['no text', { directory: 'lifecycle', diffId: WRONG, size: 1 }],
])('surveys the archive again if the cache has %s', async (_, value) => {
  const { layer } = await open()
  for (const key of facts.keys()) facts.set(key, value)
  expect((await open()).layer.diffId).toBe(layer.diffId)
  expect(written).toBe(2)
})

test('refuses to read a layer that differs from the survey in the cache', async () => {
  await open()
  const diffId: Digest = WRONG
  for (const [key, value] of facts) facts.set(key, { ...(value as object), diffId })
  const { layer } = await open()
  await expect((async () => buffer(await layer.open()))()).rejects.toMatchObject({ code: 'CNB_APP_CHANGED' })
})

test('fails for an archive without lifecycle.toml', async () => {
  await writeFile(join(scratch.path, 'empty.tar'), Buffer.alloc(1024))
  await expect(open('empty.tar')).rejects.toMatchObject({ code: 'CNB_LIFECYCLE_INVALID' })
})
