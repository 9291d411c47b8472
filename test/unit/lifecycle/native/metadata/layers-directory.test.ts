import { expect, test } from 'vitest'
import type { TarType } from '../../../../../src/archive/tar/tar-header.ts'
import { readBuiltBuildpacks } from '../../../../../src/lifecycle/native/metadata/layers-directory.ts'
import type { Group, LayerTreeEntry } from '../../../../../src/lifecycle/native/model.ts'

const entry = (type: TarType, content?: string): LayerTreeEntry => ({
  type, name: '', mode: 0o755, uid: 1001, gid: 1000, mtime: 0, size: content?.length ?? 0, ...(content === undefined ? {} : { content: Buffer.from(content) }),
})
const dir = entry('directory')
const file = (content: string): LayerTreeEntry => entry('file', content)
const group: Group = { buildpacks: [{ id: 'some/bp', version: '1', api: '0.10' }], extensions: [] }
const read = (entries: Record<string, LayerTreeEntry>) => readBuiltBuildpacks(new Map(Object.entries({ '': dir, some_bp: dir, ...entries })), group)[0]!

test('returns directories and TOML files as layers, in the byte order of their names', () => {
  const { layers } = read({
    'some_bp/b': dir,
    'some_bp/b.toml': file('[types]\nlaunch = true\n'),
    'some_bp/a.toml': file('[types]\ncache = true\n[metadata]\nx = 1\n'),
    'some_bp/ä': dir,
    'some_bp/Z': dir,
    'some_bp/z.toml.toml': file(''),
    'other/c': dir,
    'some_bp/b/inside': dir,
  })
  expect(layers).toEqual([
    { name: 'Z', build: false, launch: false, cache: false, data: undefined, hasContents: true },
    { name: 'a', build: false, launch: false, cache: true, data: { x: 1n }, hasContents: false },
    { name: 'b', build: false, launch: true, cache: false, data: undefined, hasContents: true },
    { name: 'z.toml', build: false, launch: false, cache: false, data: undefined, hasContents: false },
    { name: 'ä', build: false, launch: false, cache: false, data: undefined, hasContents: true },
  ])
})

test("treats the files store, launch and build as the buildpack's, but directories of these names as layers", () => {
  const files = { 'some_bp/store.toml': file('[metadata]\nk = "v"\n'), 'some_bp/launch.toml': file('['), 'some_bp/build.toml': file('[types]\nlaunch = true\n') }
  expect(read(files)).toMatchObject({ store: { k: 'v' }, layers: [] })
  expect(read({ ...files, 'some_bp/build': dir }).layers).toEqual([
    { name: 'build', build: false, launch: true, cache: false, data: undefined, hasContents: true },
  ])
  expect(read({ 'some_bp/store.toml': dir })).toMatchObject({ store: undefined, layers: [{ name: 'store.toml', hasContents: true }] })
})

test('distinguishes a store without metadata from a missing store', () => {
  expect(read({ 'some_bp/store.toml': file('') }).store).toBeNull()
  expect(read({}).store).toBeUndefined()
})

test('ignores old .sha files and links to directories', () => {
  expect(read({ 'some_bp/a.sha': file('sha256:x'), 'some_bp/link': entry('symlink') }).layers).toEqual([])
})

test.each([
  ['[types', file('[types'), /not valid TOML/],
  ['a directory', dir, /a\.toml is a directory/],
  ['a link', entry('symlink'), /a\.toml is a symlink/],
])('returns a layer as malformed if its metadata is %s', (_what, toml, message) => {
  const layer = read({ 'some_bp/a': dir, 'some_bp/a.toml': toml }).layers.find(({ name }) => name === 'a')
  expect(layer).toMatchObject({ launch: false, malformed: expect.stringMatching(message) })
})

test.each([
  ['a malformed store.toml', { 'some_bp/store.toml': file('[') }, /store\.toml/],
  ['a linked store.toml', { 'some_bp/store.toml': entry('symlink') }, /store\.toml/],
  ['a link in place of its directory', { some_bp: entry('symlink') }, /it is a symlink, not a directory/],
])('rejects %s', (_what, entries, message) => {
  expect(() => read(entries)).toThrow(expect.objectContaining({ code: 'CNB_EXPORT_FAILED', message: expect.stringMatching(message) }))
})

test('returns no layers for a buildpack without files', () => {
  expect(readBuiltBuildpacks(new Map([['', dir]]), group)).toEqual([{ buildpack: group.buildpacks[0], store: undefined, layers: [] }])
})
