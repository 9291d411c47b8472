import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FileStatus } from '../../../../../src/archive/files/file-status.ts'
import { type AppTree, compareTrees, decodeTree, encodeTree, hashOf, hasTree } from '../../../../../src/lifecycle/native/app/app-tree.ts'
import { compareInWalk } from '../../../../../src/lifecycle/native/layers/walk-order.ts'
import type { KnownApp } from '../../../../../src/lifecycle/native/model.ts'

/** Versions of files by path; a directory has the version 0. */
type Files = ReadonlyMap<string, number>

const NAMES = ['a', 'a-b', 'b', '\xff\xc4']
const files = fc
  .array(fc.tuple(fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 3 })), { maxLength: 12 })
  .map((list): Files => {
    const all = new Map<string, number>()
    for (const [names, version] of list) {
      const above = names.slice(0, -1).map((_, index) => names.slice(0, index + 1).join('/'))
      if (above.some((path) => (all.get(path) ?? 0) > 0) || all.has(names.join('/'))) continue
      for (const path of above) all.set(path, 0)
      all.set(names.join('/'), version)
    }
    return all
  })

const bytes = (path: string): Buffer => Buffer.from(path, 'latin1')

const inWalkOrder = (some: Iterable<[string, number]>): [string, number][] => [...some].sort(([a], [b]) => compareInWalk(bytes(a), bytes(b)))

function statusesOf(host: Files): Buffer {
  const status = new FileStatus()
  return Buffer.concat(inWalkOrder([['', 0], ...host]).flatMap(([path, version]) => {
    status.set({ dev: 1, ino: 1, size: version, mode: version === 0 ? 0o40755 : 0o100644, mtimeMs: version, ctimeMs: version } as never)
    return [bytes(`${path}\0`), Buffer.from(status.bytes)]
  }))
}

/** A listing has any order, and attributes of any length. */
function listingOf(volume: Files): Buffer {
  return bytes(`777\0${[...volume].map(([path, version]) => `${path}\0${version === 0 ? 'd' : 'f'} 644 ${10 ** version}\0`).join('')}`)
}

const known: KnownApp = { status: '', time: 1_000_000, sent: '', left: '', directory: '/workspace', slices: '[]', layers: [] }

describe('a difference', () => {
  test('turns the files of any volume into those of the host', () => {
    fc.assert(fc.property(files, files, files, (recorded, host, volume) => {
      const { kept, removed } = compareTrees(
        known,
        { listing: listingOf(recorded), statuses: statusesOf(recorded) },
        { listing: listingOf(volume), statuses: statusesOf(host) },
      )
      const result = new Map(volume)
      for (const path of removed) for (const each of volume.keys()) if (each === path || each.startsWith(`${path}/`)) result.delete(each)
      for (const [path, version] of inWalkOrder(host)) if (version === 0 || !kept.has(bytes(path))) result.set(path, version)
      expect(new Map([...result].sort())).toEqual(new Map([...host].sort()))
    }))
  })

  test('keeps all files if nothing changed, in any order of the listing', () => {
    fc.assert(fc.property(files, (all) => {
      const tree = { listing: listingOf(all), statuses: statusesOf(all) }
      const { kept, removed } = compareTrees(known, tree, { ...tree, listing: listingOf(new Map([...all].reverse())) })
      expect(kept.size).toBe([...all.values()].filter((version) => version > 0).length)
      expect(removed).toEqual([])
    }))
  })
})

test.each(['', '777', '777\0', '777\0file', '777\0file\0', '777\0file\0f 1', '777\0file\0f 1\0random text'])('stops at the end of a listing that is not whole: %j', (text) => {
  const listing = bytes(text)
  const tree = { listing: bytes('777\0file\0f 1\0'), statuses: statusesOf(new Map([['file', 1]])) }
  const isWhole = text.startsWith('777\0file\0f 1\0')
  expect(compareTrees(known, tree, { ...tree, listing }).kept.size).toBe(isWhole ? 1 : 0)
  expect(hasTree(listing, 2, new Set())).toBe(isWhole)
  expect(hasTree(listing, 1, new Set())).toBe(!isWhole)
})

describe('a tree', () => {
  const tree: AppTree = { listing: Buffer.from('777\0file\0f 1\0'), statuses: statusesOf(new Map([['file', 1]])) }
  const its: KnownApp = { ...known, sent: hashOf(tree.listing), status: hashOf(tree.statuses) }

  test('is read as it was written', () => {
    expect(decodeTree(encodeTree(tree), its)).toEqual(tree)
  })

  test('is nothing if a byte of the content is missing or changed, or another app is known', () => {
    const whole = encodeTree(tree)
    for (let at = 0; at < whole.length; at++) {
      expect(decodeTree(whole.subarray(0, at), its)).toBeUndefined()
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] ?? 0) ^ 1
      // The header of gzip has bytes without a meaning.
      expect(decodeTree(changed, its) ?? tree).toEqual(tree)
    }
    expect(decodeTree(encodeTree({ ...tree, listing: Buffer.from('777\0file\0f 2\0') }), its)).toBeUndefined()
    expect(decodeTree(encodeTree({ ...tree, statuses: Buffer.alloc(0) }), its)).toBeUndefined()
    expect(decodeTree(whole, { ...its, sent: hashOf(Buffer.alloc(1)) })).toBeUndefined()
  })
})
