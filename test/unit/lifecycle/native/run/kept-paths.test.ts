import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readListing, removedPaths } from '../../../../../src/lifecycle/native/run/kept-paths.ts'
import { MAX_LISTING } from '../../../../../src/lifecycle/native/run/session/session-script.ts'

const listing = (...records: string[]): Buffer => Buffer.from(records.map((record) => `${record}\0`).join(''))

test('reads a listing with names of any bytes', () => {
  expect(readListing(Buffer.from('./a\0./a/new\nline\0./a/\xff\0', 'latin1'))).toEqual({ paths: ['a', 'a/new\nline', 'a/\xff'], isWhole: true, isReadable: true })
})

test('reports that a listing is cut or incomplete', () => {
  expect(readListing(Buffer.alloc(0))).toEqual({ paths: [], isWhole: true, isReadable: true })
  expect(readListing(listing('./a', ''))).toMatchObject({ paths: ['a'], isReadable: false })
  expect(readListing(Buffer.from('./a\0./b'))).toMatchObject({ isWhole: false })
  expect(readListing(Buffer.alloc(MAX_LISTING, 'x\0'))).toMatchObject({ isWhole: false })
})

test('removes paths that are not kept, and changed layers with their files', () => {
  const kept = {
    paths: ['node', 'node/dep.sbom.cdx.json', 'node/dep.toml.sbom.x.toml', 'node/tôst.toml', 'order.toml'],
    fingerprints: new Map([['node/dep', 'a'], ['node/tôst', 'b'], ['node/dep.toml', 'c'], ['node/gone', 'd']]),
  }
  const goes = removedPaths(kept, ['node/dep', 'node/gone'])
  const bytes = (path: string): string => Buffer.from(path).toString('latin1')
  const present = ['node', 'node/dep', 'node/dep.sbom.cdx.json', 'node/dep.toml', 'node/dep.toml.sbom.x.toml', 'node/tôst', 'node/tôst.toml', 'node/old', 'old', 'order.toml']
  // `dep.toml` is a layer's directory here.
  expect(present.filter((path) => goes(bytes(path)))).toEqual(['node/dep', 'node/dep.sbom.cdx.json', 'node/old', 'old'])
})

test('keeps a path only if it is listed, for any name', () => {
  const name = fc.string({ unit: fc.constantFrom('a', '.toml', '.sbom.', '*', ' ', '\n'), minLength: 1 })
  fc.assert(
    fc.property(fc.array(name), fc.array(name), name, (paths, layers, path) => {
      const kept = { paths, fingerprints: new Map(layers.map((layer) => [layer, 'a'])) }
      expect(removedPaths(kept, [])(path)).toBe(!paths.includes(path) && !layers.includes(path))
      expect(layers.every(removedPaths(kept, layers))).toBe(true)
    }),
  )
})
