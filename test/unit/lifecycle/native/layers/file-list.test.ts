import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FileList, type ListedFile } from '../../../../../src/lifecycle/native/layers/file-list.ts'
import { compareInWalk } from '../../../../../src/lifecycle/native/layers/walk-order.ts'

const bytes = fc.uint8Array({ maxLength: 40 }).map((some) => Buffer.from(some))
const number = fc.nat()
const common = { path: bytes, mode: fc.integer({ min: 0, max: 0o7777 }) }
const EMPTY = Buffer.alloc(0)
const plain = { linkname: EMPTY, devMajor: 0, devMinor: 0, content: undefined }
const files: fc.Arbitrary<ListedFile> = fc.oneof(
  fc.record({ ...common, size: number, offset: fc.maxSafeNat() }).map(({ size, offset, ...rest }) => ({ ...plain, ...rest, type: 'file' as const, content: { size, offset } })),
  fc.record({ ...common, type: fc.constantFrom('directory' as const, 'fifo' as const) }).map((rest) => ({ ...plain, ...rest })),
  fc.record({ ...common, linkname: bytes }).map((rest) => ({ ...plain, ...rest, type: 'symlink' as const })),
  fc.record({ ...common, type: fc.constantFrom('character' as const, 'block' as const), devMajor: number, devMinor: number }).map((rest) => ({ ...plain, ...rest })),
)

function listOf(all: readonly ListedFile[]): FileList {
  const list = new FileList()
  for (const each of all) list.add(each)
  return list
}

describe('a list of files', () => {
  test('returns the added files', () => {
    fc.assert(fc.property(fc.array(files), (all) => {
      const list = listOf(all)
      expect(all.map((_, index) => list.at(index))).toEqual(all)
      expect(all.map((_, index) => list.isDirectory(index))).toEqual(all.map(({ type }) => type === 'directory'))
    }))
  })

  test('compares paths by their bytes', () => {
    fc.assert(fc.property(files, files, (one, other) => {
      expect(Math.sign(listOf([one, other]).compare(0, 1))).toBe(Buffer.compare(one.path, other.path))
    }))
  })

  test('finds each path in the order of a walk, and no other', () => {
    fc.assert(fc.property(fc.uniqueArray(files, { selector: ({ path }) => path.toString('latin1') }), bytes, (all, other) => {
      const sorted = all.toSorted((a, b) => compareInWalk(a.path, b.path))
      const list = listOf(sorted)
      expect(sorted.map(({ path }) => list.find(path))).toEqual(sorted.map((_, index) => index))
      const index = sorted.findIndex(({ path }) => path.equals(other))
      expect(list.find(other)).toBe(index < 0 ? undefined : index)
    }))
  })

  test('holds more than its first bytes', () => {
    const file: ListedFile = { ...plain, path: Buffer.alloc(50_000, 'a'), type: 'file', mode: 0o644, content: { offset: 1, size: 2 } }
    const list = listOf([file, file, file])
    expect([0, 1, 2].map((index) => list.at(index))).toEqual([file, file, file])
  })
})
