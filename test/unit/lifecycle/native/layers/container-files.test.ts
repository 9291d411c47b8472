import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { packTar } from '../../../../../src/archive/tar/tar-writer.ts'
import type { TarEntry } from '../../../../../src/archive/tar/tar-writer.ts'
import { containerFiles } from '../../../../../src/lifecycle/native/layers/container-files.ts'

const owner = { uid: 1, gid: 2, mtime: 3 }
const directory = (name: string): TarEntry => ({ type: 'directory', name, mode: 0o40755, ...owner })
const file = (name: string, content = ''): TarEntry => ({ type: 'file', name, mode: 0o100644, size: content.length, content: Buffer.from(content), ...owner })
const link = (type: 'link' | 'symlink', name: string, linkname: string): TarEntry => ({ type, name, linkname, mode: 0o777, ...owner })

/** A container that returns these entries for every path. */
const containerWith = (entries: TarEntry[] | undefined) => ({ getArchive: async () => entries && packTar(entries) })

async function read(path: string, entries: TarEntry[]): Promise<string[]> {
  const found = []
  for await (const entry of (await containerFiles(containerWith(entries)).read(path, {})) ?? []) {
    const content = (await buffer(entry.content)).toString()
    found.push([entry.type, entry.name.toString(), entry.mode.toString(8), entry.linkname?.toString() ?? content].join(' '))
  }
  return found
}

describe('containerFiles', () => {
  it('makes names and hard links absolute, and removes the slash of directories and the type in modes', async () => {
    const entries = [directory('x/'), directory('x/a/'), file('x/a/b', 'content'), link('link', 'x/c', 'x/a/b'), link('symlink', 'x/d', 'x/a/b')]
    expect(await read('/layers/bp/x', entries)).toEqual([
      'directory /layers/bp/x 755 ',
      'directory /layers/bp/x/a 755 ',
      'file /layers/bp/x/a/b 644 content',
      'link /layers/bp/x/c 777 /layers/bp/x/a/b',
      'symlink /layers/bp/x/d 777 x/a/b',
    ])
  })

  it('returns a file or a link at the path', async () => {
    expect(await read('/f', [file('f', 'x')])).toEqual(['file /f 644 x'])
    expect(await read('/l', [link('symlink', 'l', '../x')])).toEqual(['symlink /l 777 ../x'])
  })

  it('returns undefined for a missing path', async () => {
    expect(await containerFiles(containerWith(undefined)).read('/none', {})).toBeUndefined()
  })

  it('accepts entries in walk order', async () => {
    const names = ['a/', 'a/b', 'a/b.c', 'a!', 'a-b/', 'a-b/c', 'a.txt', 'a0', 'é']
    expect(await read('/x', [directory('x/'), ...names.map((name) => (name.endsWith('/') ? directory(`x/${name}`) : file(`x/${name}`)))])).toHaveLength(10)
  })

  it.each([
    ['another root', ['y']],
    ['a name with the same prefix', ['x-y']],
    ['names in the order of whole paths', ['x/', 'x/a/', 'x/a-b', 'x/a/b']],
    ['a name twice', ['x/', 'x/a', 'x/a']],
    ['a name after all below its directory', ['x/', 'x/a/', 'x/b', 'x/a/b']],
    ['a name without its directory', ['x/', 'x/a/b']],
    ['a name in a file', ['x/', 'x/a', 'x/a/b']],
    ['a name outside', ['x/', 'y']],
    ['dots', ['x/', 'x/..']],
    ['a dot', ['x/', 'x/.']],
    ['an empty name', ['x/', 'x//']],
  ])('rejects a tar with %s', async (_, names) => {
    const entries = names.map((name) => (name.endsWith('/') ? directory(name) : file(name)))
    await expect(read('/x', entries)).rejects.toMatchObject({ code: 'CNB_ENGINE_FAILED' })
  })

  it.each(['/', 'x', '/x/', '/x/../y', ''])('does not read %j', async (path) => {
    await expect(containerFiles(containerWith([])).read(path, {})).rejects.toMatchObject({ code: 'CNB_INTERNAL' })
  })

  it('reports the path of an archive that is cut off', async () => {
    const tar = await buffer(packTar([directory('x/'), file('x/a', 'a')]))
    const container = { getArchive: async () => Readable.from([tar.subarray(0, -1024)]) }
    const entries = (await containerFiles(container).read('/x', {})) ?? []
    const all = (async () => {
      for await (const entry of entries) entry.content.resume()
    })()
    await expect(all).rejects.toMatchObject({ code: 'CNB_ENGINE_FAILED', message: expect.stringContaining("the engine's archive of /x") })
  })
})
