import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { encodeTarHeader } from '../../../../src/archive/tar/tar-header.ts'
import type { TarType } from '../../../../src/archive/tar/tar-header.ts'
import { packTar } from '../../../../src/archive/tar/tar-writer.ts'
import type { TarEntry } from '../../../../src/archive/tar/tar-writer.ts'

interface Vector {
  type: TarType
  name: string
  linkname?: string
  mode: number
  uid: number
  gid: number
  size: number
  mtime: number
  devMajor?: number
  devMinor?: number
  sha256: string
}

const vectors = JSON.parse(readFileSync('fixtures/golden/tar-headers.json', 'utf8')) as Vector[]
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

const mtime = 315532801
const directory = (name: string, uid = 0, gid = 0): TarEntry => ({ type: 'directory', name, mode: 0o755, uid, gid, mtime })
const file = (name: string, content: string, mode: number, uid = 0, gid = 0): TarEntry => ({
  type: 'file',
  name,
  mode,
  uid,
  gid,
  mtime,
  size: content.length,
  content: Buffer.from(content),
})
const link = (name: string, mode = 0o755): TarEntry => ({
  type: 'symlink',
  name,
  linkname: '/cnb/lifecycle/launcher',
  mode,
  uid: 0,
  gid: 0,
  mtime,
})

describe('encodeTarHeader', () => {
  it('writes the same bytes as Go for long, non-ASCII and invalid names and numbers around every limit', () => {
    expect(vectors.length).toBeGreaterThan(150)
    const wrong = vectors.filter(({ name, linkname, sha256: expected, ...rest }) => {
      const header = { ...rest, name: Buffer.from(name, 'base64'), linkname: Buffer.from(linkname ?? '', 'base64') }
      return sha256(encodeTarHeader(header)) !== expected
    })
    expect(wrong).toEqual([])
  })

  // Digests of layers created by the lifecycle.
  it.each<[string, TarEntry[], string]>([
    ['an empty slice', [], '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef'],
    [
      'the process types web and worker',
      [directory('/cnb'), directory('/cnb/process'), link('/cnb/process/web'), link('/cnb/process/worker')],
      'c32b6c6d08c5d84a980a518d1dd9093c22b9e003f2b6b468f12fe1e7cd918b3f',
    ],
    [
      'the launcher',
      [directory('/cnb'), directory('/cnb/lifecycle'), file('/cnb/lifecycle/launcher', '#!/bin/sh\necho launcher\n', 0o755)],
      '67907fd5852ed056a1edb19832b29149474fe641d361bf82bd37db86fb661b41',
    ],
    [
      'the config',
      [
        directory('/layers', 1001, 1000),
        directory('/layers/config', 1001, 1000),
        file('/layers/config/metadata.toml', 'buildpack-default-process-type = "web"\n', 0o644, 1001, 1000),
      ],
      '2d1a2783d6426288530d97232b51fa2c3ea1f5f47e8910ef23d2eedc230acf44',
    ],
  ])('creates the same layer of %s as the lifecycle', async (_, entries, expected) => {
    expect(sha256(await buffer(packTar(entries)))).toBe(expected)
  })

  it("puts a mode with Go's own type bits into a GNU header, as old lifecycles did", async () => {
    const withMode = (entry: TarEntry, bits: number): TarEntry => ({ ...entry, mode: bits + entry.mode })
    const entries = [
      withMode(directory('/cnb'), 2 ** 31),
      withMode(directory('/cnb/process'), 2 ** 31),
      ...['web', 'worker'].map((name) => withMode(link(`/cnb/process/${name}`), 2 ** 27)),
    ]
    expect(sha256(await buffer(packTar(entries)))).toBe('aebf4f79d7fe40eb6b9c6cd4098a480f4ec8bedc809846d787ceaf9f92f4e9c4')
  })

  it.each<[string, Partial<TarEntry> & { size?: number }, string]>([
    ['a NUL in a name', { name: 'a\0b' }, 'NUL'],
    ['a NUL in a link', { type: 'symlink', linkname: 'a\0b' }, 'NUL'],
    ["a file's name that ends in a slash", { name: 'a/' }, 'slash'],
    ['a negative size', { size: -1 }, 'size -1'],
    ['a fractional size', { size: 0.5 }, 'size 0.5'],
  ])('rejects %s', (_, header, words) => {
    expect(() => encodeTarHeader({ ...file('a', '', 0o644), size: 0, ...header })).toThrow(words)
  })
})
