import { expect, test } from 'vitest'
import { Readable } from 'node:stream'
import type { TarType } from '../../../../../src/archive/tar/tar-header.ts'
import type { TarReadEntry } from '../../../../../src/archive/tar/tar-reader.ts'
import { layerEntries } from '../../../../../src/lifecycle/native/cache/cached-entries.ts'

const entry = (type: TarType, name: string): TarReadEntry => ({
  type, name: Buffer.from(name), mode: 0o4755, uid: 1, gid: 1, mtime: 0, size: 0, content: Readable.from([]),
})
const owner = { uid: 1001, gid: 1000, mtime: 7 }

async function names(...entries: [TarType, string][]): Promise<string[]> {
  const found: string[] = []
  for await (const { name } of layerEntries(Readable.from(entries.map(([type, name]) => entry(type, name))), 'some/bp', 'l', owner)) found.push(name.toString())
  return found
}

const ABOVE: [TarType, string][] = [['directory', '/layers'], ['directory', '/layers/some_bp']]
const ROOT: [TarType, string] = ['directory', '/layers/some_bp/l']

test("restores the layer's entries for the build user with a new time, without the directories above", async () => {
  expect(await names(...ABOVE, ROOT, ['directory', '/layers/some_bp/l/d/'], ['file', '/layers/some_bp/l/d/f'], ['symlink', '/layers/some_bp/l/z'])).toEqual([
    'layers/some_bp/l', 'layers/some_bp/l/d', 'layers/some_bp/l/d/f', 'layers/some_bp/l/z',
  ])
  for await (const read of layerEntries(Readable.from([entry('directory', '/layers/some_bp/l')]), 'some/bp', 'l', owner)) {
    expect(read).toMatchObject({ ...owner, mode: 0o4755 })
  }
})

test.each<[string, [TarType, string][]]>([
  ['a file of another layer', [ROOT, ['file', '/layers/some_bp/other']]],
  ['a file of the system', [ROOT, ['file', '/etc/passwd']]],
  ['a path out of the layer', [ROOT, ['file', '/layers/some_bp/l/../x']]],
  ['a directory with a path to its parent', [ROOT, ['directory', '/layers/some_bp/l/..'], ['file', '/layers/some_bp/l/../x']]],
  ['a file in a directory without an entry', [ROOT, ['file', '/layers/some_bp/l/d/f']]],
  ['a file behind a link', [ROOT, ['symlink', '/layers/some_bp/l/d'], ['file', '/layers/some_bp/l/d/f']]],
  ['a file behind a link that replaced a directory', [ROOT, ['directory', '/layers/some_bp/l/d'], ['symlink', '/layers/some_bp/l/d'], ['file', '/layers/some_bp/l/d/f']]],
  ['a link in place of the layer', [['symlink', '/layers/some_bp/l']]],
  ['a link in place of the buildpack', [['symlink', '/layers/some_bp'], ROOT]],
  ['a hard link', [ROOT, ['link', '/layers/some_bp/l/f']]],
  ['a FIFO', [ROOT, ['fifo', '/layers/some_bp/l/f']]],
  ['a device', [ROOT, ['character', '/layers/some_bp/l/f']]],
  ['a file without a name', [ROOT, ['file', '/']]],
])('rejects %s', async (_what, entries) => {
  await expect(names(...ABOVE, ...entries)).rejects.toMatchObject({ code: 'CNB_RESTORE_FAILED' })
})
