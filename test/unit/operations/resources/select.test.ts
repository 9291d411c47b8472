/** `cnb get`, `describe`, `delete` and `logs` on stored resources. */

import { beforeEach, describe, expect, test } from 'vitest'
import { readBuildLogs } from '../../../../src/operations/resources/build-logs.ts'
import { deleteFiles, deleteResources, selectResources, type SelectOptions } from '../../../../src/operations/resources/select.ts'
import { readResources } from '../../../../src/resources/read-resources.ts'
import { childName } from '../../../../src/reconcile/child-name.ts'
import { containing } from '../../../support/matching.ts'
import { MemoryState, MemoryStore } from '../../../support/fakes/memory-store.ts'

let state: MemoryState
let store: MemoryStore

const write = (kind: string, name: string, { namespace = 'default', labels, ...more }: { namespace?: string; labels?: Record<string, string>; data?: Record<string, string>; spec?: object } = {}) =>
  store.write({ apiVersion: kind === 'Secret' ? 'v1' : 'kpack.io/v1alpha2', kind, metadata: { name, ...(kind.startsWith('Cluster') ? {} : { namespace }), ...(labels ? { labels } : {}) }, ...more })
const build = (image: string, number: number, namespace = 'default') =>
  write('Build', `${image}-build-${number}`, { namespace, labels: { 'image.kpack.io/image': image, 'image.kpack.io/buildNumber': String(number) }, spec: {} })
const imageSpec = { spec: { tag: 'example.com/a', builder: { kind: 'Builder', name: 'base' }, source: { local: { path: '/a' } } } }

beforeEach(async () => {
  state = new MemoryState()
  store = new MemoryStore(state)
  await write('Image', 'shop', { labels: { team: 'shop' }, ...imageSpec })
  await write('Image', 'blog', imageSpec)
  await write('Image', 'shop', { namespace: 'test', ...imageSpec })
  await write('Secret', 'login', { data: { password: 'c2VjcmV0' } })
  await build('shop', 1)
  await build('shop', 2)
  await build('shop', 1, 'test')
})

const namesOf = async (given: string[], options: Partial<SelectOptions> = {}): Promise<string[]> =>
  (await selectResources({ given, ...options }, store, {})).flatMap(({ resources }) => resources.map(({ kind, metadata: { namespace = '', name } }) => `${kind} ${namespace}/${name}`))

describe('the selection', () => {
  test.each(['images', 'image', 'img', 'Image', 'images.kpack.io', 'imgs'])('reads %s as a kind', async (word) => {
    expect(await namesOf([word])).toEqual(['Image default/blog', 'Image default/shop'])
  })
  test('finds names, several kinds, and KIND/NAME', async () => {
    expect(await namesOf(['image', 'shop', 'blog'])).toEqual(['Image default/shop', 'Image default/blog'])
    expect(await namesOf(['image/shop', 'secret/login'])).toEqual(['Image default/shop', 'Secret default/login'])
    expect(await namesOf(['images,secrets'])).toEqual(['Image default/blog', 'Image default/shop', 'Secret default/login'])
    expect(await namesOf(['kpack'])).toContain('Build default/shop-build-2')
  })
  test('is by namespace and labels', async () => {
    expect(await namesOf(['images'], { namespace: 'test' })).toEqual(['Image test/shop'])
    expect(await namesOf(['images'], { allNamespaces: true })).toHaveLength(3)
    expect(await namesOf(['images'], { allNamespaces: true, selector: 'team=shop' })).toEqual(['Image default/shop'])
  })
  test('hides the values of Secrets', async () => {
    const selected = await selectResources({ given: ['secrets'] }, store, {})
    expect(JSON.stringify(selected)).not.toContain('c2VjcmV0')
  })
  test('reports a stored resource that its user spoilt', async () => {
    await write('Image', 'spoilt')
    await expect(namesOf(['images'])).rejects.toMatchObject({ code: 'CNB_STATE_INVALID', message: containing('cannot use the stored Image default/spoilt: ') })
  })
  test('reports names that do not exist, with those that do', async () => {
    await expect(namesOf(['image', 'shp'])).rejects.toMatchObject({ code: 'CNB_RESOURCE_NOT_FOUND', message: 'images.kpack.io "shp" not found', hint: 'There are: blog, shop.' })
    await expect(namesOf(['image', 'shop'], { namespace: 'none' })).rejects.toMatchObject({ hint: 'Apply it first, or choose another namespace with -n.' })
  })
  test.each([[[]], [['pods']], [['image/']], [['image/a/b']], [['image/shop', 'blog']]])('rejects %j', async (given) => {
    await expect(namesOf(given)).rejects.toMatchObject({ code: 'CNB_USAGE' })
  })
})

describe('a deletion', () => {
  test('removes an image with its builds, logs and source, and leaves those of other namespaces', async () => {
    const long = 'a'.repeat(60)
    await write('Image', long, imageSpec)
    await write('SourceResolver', childName(long, '-source'), { spec: {} })
    await using log = await store.openLog({ namespace: 'default', name: 'shop-build-1' })
    log.write('hello')
    expect((await deleteResources({ given: ['image', 'shop', long] }, store, {})).map(({ metadata }) => metadata.name)).toEqual(['shop', long])
    expect(await namesOf(['images,builds,sourceresolvers'], { allNamespaces: true })).toEqual(['Image default/blog', 'Image test/shop', 'Build test/shop-build-1'])
    expect([...state.logs.keys()]).toEqual([])
    expect(state.isLocked).toBe(false)
  })
  test('deletes the resources of files with their builds, and warns of those that are not stored', async () => {
    const text = ['shop', 'absent'].map((name) => `apiVersion: kpack.io/v1alpha2\nkind: Image\nmetadata: {name: ${name}}\nspec: {tag: example.com/a, builder: {kind: Builder, name: base}, source: {local: {path: /a}}}`).join('\n---\n')
    const { resources } = readResources([{ file: 'a.yaml', text, directory: '/' }])
    const warnings: string[] = []
    const deleted = await deleteFiles(resources, store, { events: (event) => void (event.type === 'warning' && warnings.push(event.message)) })
    expect([deleted.map(({ metadata }) => metadata.name), warnings]).toEqual([['shop'], ['Image absent is not stored']])
    expect(await namesOf(['images,builds'], { allNamespaces: true })).toEqual(['Image default/blog', 'Image test/shop', 'Build test/shop-build-1'])
  })
  test('needs a selector for several', async () => {
    await expect(deleteResources({ given: ['images'] }, store, {})).rejects.toMatchObject({ code: 'CNB_USAGE' })
    await deleteResources({ given: ['images'], selector: 'team=shop' }, store, {})
    expect(await namesOf(['images'])).toEqual(['Image default/blog'])
  })
  test('removes nothing if one name does not exist', async () => {
    const before = state.resources.size
    await expect(deleteResources({ given: ['image', 'shop', 'absent'] }, store, {})).rejects.toMatchObject({ code: 'CNB_RESOURCE_NOT_FOUND' })
    expect(state.resources.size).toBe(before)
  })
  test('stops on the signal of its caller', async () => {
    const before = state.resources.size
    await expect(deleteResources({ given: ['image', 'shop'] }, store, { signal: AbortSignal.abort(new Error('Ctrl-C')) })).rejects.toThrow()
    expect(state.resources.size).toBe(before)
  })
})

describe('the log of a build', () => {
  const textOf = async (options: { build?: number } = {}): Promise<string[]> => {
    const { name, lines } = await readBuildLogs({ image: 'shop', ...options }, store, {})
    const texts = [name]
    for await (const some of lines) texts.push(...some.map(({ text }) => text))
    return texts
  }
  test('is that of the newest build, or of a number', async () => {
    for (const number of [1, 2]) {
      await using log = await store.openLog({ namespace: 'default', name: `shop-build-${number}` })
      log.write(`log ${number}\n`)
    }
    expect(await textOf()).toEqual(['shop-build-2', 'log 2'])
    expect(await textOf({ build: 1 })).toEqual(['shop-build-1', 'log 1'])
  })
  test('is missed with the numbers that exist', async () => {
    await expect(textOf({ build: 7 })).rejects.toMatchObject({ code: 'CNB_RESOURCE_NOT_FOUND', hint: 'There are builds 1, 2.' })
    await expect(readBuildLogs({ image: 'blog' }, store, {})).rejects.toMatchObject({ hint: 'Apply the Image first.' })
    await expect(readBuildLogs({ image: 'none' }, store, {})).rejects.toMatchObject({ message: 'images.kpack.io "none" not found' })
  })
})
