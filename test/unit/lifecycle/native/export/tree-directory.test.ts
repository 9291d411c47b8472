import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { readTar } from '../../../../../src/archive/tar/tar-reader.ts'
import { treeDirectoryLayer, filesBelow } from '../../../../../src/lifecycle/native/export/tree-directory.ts'
import type { LayersTree, LayerTreeEntry } from '../../../../../src/lifecycle/native/model.ts'
import { directory, file } from './inputs.ts'

const OWNER = { uid: 1001, gid: 1000 }

async function entriesOf(tree: LayersTree, path: string): Promise<string[]> {
  const layer = await treeDirectoryLayer(tree, path, OWNER)
  const entries: string[] = []
  for await (const { name, uid, content } of readTar((await layer?.open()) ?? expect.fail('no layer'))) {
    entries.push([name.toString(), uid, (await buffer(content)).toString()].join(' '))
  }
  return entries
}

const link = (name: string, linkname: string): LayerTreeEntry => ({ ...directory(), type: 'link', name, linkname })

test('keeps the owners of a layer’s parent directories, and makes the build user the owner of its content', async () => {
  const tree = new Map([
    ['', directory({ uid: 0 })],
    ['sbom', directory({ uid: 5 })],
    ['sbom/launch', directory({ uid: 6 })],
    ['sbom/launch/a-b', file('2', { uid: 7 })],
    ['sbom/launch/a', directory()],
    ['sbom/launch/a/x', file('1')],
    ['sbom/launcher', file('not in it')],
  ])
  expect(await entriesOf(tree, 'sbom/launch')).toEqual([
    '/layers 0 ',
    '/layers/sbom 5 ',
    '/layers/sbom/launch 1001 ',
    '/layers/sbom/launch/a 1001 ',
    '/layers/sbom/launch/a/x 1001 1',
    '/layers/sbom/launch/a-b 1001 2',
  ])
})

test('resolves a hard link to its file at any path', async () => {
  const tree = new Map([
    ['config', directory()],
    ['config/a', link('layers/config/a', 'layers/b/store.toml')],
    ['b/store.toml', file('content')],
  ])
  expect(await entriesOf(tree, 'config')).toContain('/layers/config/a 1001 content')
})

test.each([
  ['a hard link to a file that was not read', link('layers/config/a', 'layers/b/big')],
  ['a file that was not read', file('', { content: undefined })],
])('rejects %s with its path', async (_what, entry) => {
  const tree = new Map([['config', directory()], ['config/a', entry]])
  await expect(treeDirectoryLayer(tree, 'config', OWNER)).rejects.toMatchObject({ code: 'CNB_EXPORT_FAILED', message: expect.stringContaining('/layers/config/a') as string })
})

test('returns undefined without a directory', async () => {
  expect(await treeDirectoryLayer(new Map(), 'sbom/launch', OWNER)).toBeUndefined()
})

test('returns files by path in the directory', () => {
  const tree = new Map([['sbom/cache', directory()], ['sbom/cache/a/b', file('x')], ['sbom/cached', file('y')]])
  expect([...filesBelow(tree, 'sbom/cache')]).toEqual([['a/b', Buffer.from('x')]])
})
