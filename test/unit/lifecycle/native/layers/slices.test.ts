import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FileList } from '../../../../../src/lifecycle/native/layers/file-list.ts'
import { divideIntoSlices } from '../../../../../src/lifecycle/native/layers/slices.ts'
import { compareInWalk } from '../../../../../src/lifecycle/native/layers/walk-order.ts'

/** Paths that end in a slash are directories; their parents are added. */
function app(...paths: string[]): { path: string; isDirectory: boolean }[] {
  const all = new Map<string, boolean>([['', true]])
  for (const path of paths) {
    const parts = path.replace(/\/$/, '').split('/')
    for (let length = 1; length < parts.length; length++) all.set(parts.slice(0, length).join('/'), true)
    all.set(parts.join('/'), path.endsWith('/') || all.get(parts.join('/')) === true)
  }
  return [...all]
    .map(([path, isDirectory]) => ({ path, isDirectory }))
    .sort((a, b) => compareInWalk(Buffer.from(a.path, 'latin1'), Buffer.from(b.path, 'latin1')))
}

function listOf(files: ReturnType<typeof app>): FileList {
  const list = new FileList()
  for (const { path, isDirectory } of files) {
    const type = isDirectory ? 'directory' : 'fifo'
    list.add({ path: Buffer.from(path, 'latin1'), type, mode: 0, linkname: Buffer.alloc(0), devMajor: 0, devMinor: 0, content: undefined })
  }
  return list
}

const divided = (files: ReturnType<typeof app>, ...slices: string[][]): string[][] =>
  divideIntoSlices(listOf(files), slices.map((paths) => ({ paths }))).map((some) => some.map((index) => files[index]?.path ?? ''))

const names = fc.constantFrom('a', 'b', 'a-b', 'a.b', 'c')
const apps = fc.array(fc.array(names, { minLength: 1, maxLength: 4 }), { maxLength: 12 }).map((paths) => app(...paths.map((parts) => parts.join('/'))))
const patterns = fc.array(fc.array(fc.constantFrom('a', '*', 'a*', '*/a', '*/*', 'b/*/c', 'none', '../a'), { maxLength: 3 }), { maxLength: 3 })

describe('divide', () => {
  it('orders paths by their bytes, and not as a walk does', () => {
    expect(divided(app('a/b', 'a-b', 'a.txt'))).toEqual([['', 'a', 'a-b', 'a.txt', 'a/b']])
  })

  it('includes everything below a matched directory', () => {
    expect(divided(app('a/b/c', 'd'), ['a'])).toEqual([['', 'a', 'a/b', 'a/b/c'], ['', 'd']])
  })

  it('assigns a file to the first slice that matches it', () => {
    expect(divided(app('a/x', 'a/y', 'b'), ['a/x'], ['a'])).toEqual([['', 'a', 'a/x'], ['', 'a', 'a/y'], ['', 'b']])
  })

  it('omits directories that have no remaining files', () => {
    expect(divided(app('a/b/c'), ['a/b/c'])).toEqual([['', 'a', 'a/b', 'a/b/c'], []])
    expect(divided(app('a/b/c', 'a/d'), ['a/b/c'])).toEqual([['', 'a', 'a/b', 'a/b/c'], ['', 'a', 'a/d']])
  })

  it('returns an empty slice for patterns without a match', () => {
    expect(divided(app('a'), ['/etc/*', '../a', '.', ''])).toEqual([[], ['', 'a']])
  })

  it('reports the slice and the malformed pattern', () => {
    expect(() => divided(app('a'), ['a'], ['[a'])).toThrow('slice 2 has the malformed pattern "[a"')
  })

  it('puts every file into one slice, every directory into one or more, and above each entry its directory', () => {
    fc.assert(
      fc.property(apps, patterns, (files, slices) => {
        const layers = divided(files, ...slices)
        expect(layers).toHaveLength(slices.length + 1)
        const times = (path: string): number => layers.filter((layer) => layer.includes(path)).length
        for (const { path, isDirectory } of files) {
          if (isDirectory) expect(times(path)).toBeGreaterThanOrEqual(1)
          else expect(times(path)).toBe(1)
        }
        for (const layer of layers.slice(0, -1)) {
          for (const path of layer) if (path !== '') expect(layer).toContain(path.slice(0, Math.max(0, path.lastIndexOf('/'))))
        }
        for (const layer of layers) {
          expect(layer).toEqual([...new Set(layer)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
        }
      }),
    )
  })
})
