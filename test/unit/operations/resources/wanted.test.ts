import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { differenceTo, readWanted, type WantedOptions } from '../../../../src/operations/resources/files/wanted.ts'
import type { AnyResource } from '../../../../src/resources/kind.ts'
import { containing } from '../../../support/matching.ts'

let scratch: TemporaryDirectory
let warnings: string[]
beforeEach(async () => {
  scratch = await makeTemporaryDirectory('cnb-test-')
  warnings = []
})
afterEach(() => scratch[Symbol.asyncDispose]())

const put = async (name: string, text: string): Promise<void> => {
  await mkdir(dirname(join(scratch.path, name)), { recursive: true })
  await writeFile(join(scratch.path, name), text)
}
const read = (options: WantedOptions, stdin = '') => {
  const input = (async function* () {
    yield await Promise.resolve(Buffer.from(stdin))
  })()
  return readWanted(options, scratch.path, input, { events: (event) => void (event.type === 'warning' && warnings.push(event.message)) })
}
const namesOf = async (options: WantedOptions, stdin?: string): Promise<string[]> => (await read(options, stdin)).map(({ resource: { kind, metadata } }) => `${kind} ${metadata.namespace}/${metadata.name}`)

const config = (name: string, more = ''): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n${more}`
const image = (more = ''): string => `apiVersion: kpack.io/v1alpha2\nkind: Image\nmetadata: {name: shop}\nspec: {tag: example.com/shop, builder: {kind: Builder, name: base}, source: {local: {path: app}}${more}}`

describe('readWanted', () => {
  test('reads standard input once', async () => {
    await expect(read({ files: ['-', '-'] }, config('a'))).rejects.toMatchObject({ code: 'CNB_USAGE', message: "cannot read '-': only one -f can read it" })
  })

  test('names the file of malformed YAML once', async () => {
    await put('a.yaml', 'a: b: c')
    await expect(read({ files: ['a.yaml'] })).rejects.toMatchObject({ message: 'cannot use a.yaml: nested mappings are not allowed in compact mappings', position: { file: 'a.yaml', line: 1, column: 4 } })
  })

  test('has the size limit of standard input', async () => {
    await expect(read({ files: ['-'] }, '#'.repeat(10 * 1024 * 1024 + 1))).rejects.toMatchObject({ code: 'CNB_USAGE', message: "cannot read '-': is larger than 10 MiB" })
  })

  test('reads files, directories and standard input, referenced resources first', async () => {
    await put('all/image.yaml', image())
    await put('all/deep/b.json', '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}')
    await put('all/notes.txt', 'no resource')
    await put('one', config('one'))
    expect(await namesOf({ files: ['all', 'one', '-'], namespace: 'team' }, config('stdin'))).toEqual(['ConfigMap team/b', 'ConfigMap team/one', 'ConfigMap team/stdin', 'Image team/shop'])
    expect((await read({ files: ['all'] })).at(-1)?.resource).toMatchObject({ spec: { source: { local: { path: join(scratch.path, 'all/app') } } } })
  })
  test('reports all faults of all files', async () => {
    await put('a.yaml', image(', syncPeriod: 5'))
    await put('b.yaml', config('B_'))
    await expect(read({ files: ['.'] })).rejects.toMatchObject({ code: 'CNB_RESOURCE_INVALID', message: containing('2 faults') })
    await expect(read({ files: ['a.yaml'], lenient: true })).resolves.toHaveLength(1)
    expect(warnings).toEqual([containing('syncPeriod')])
  })
  test.each([['absent', 'it does not exist'], ['empty', 'the directory has no .yaml, .yml or .json file']])('needs a file at %s', async (path, why) => {
    await mkdir(join(scratch.path, 'empty'))
    await expect(read({ files: [path] })).rejects.toMatchObject({ code: 'CNB_USAGE', message: `cannot read '${path}': ${why}` })
  })
})

describe('the difference to a stored resource', () => {
  const resource = (metadata: object, data: object): AnyResource => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', ...metadata }, data }) as unknown as AnyResource
  test('ignores the fields of the store and the order of keys', () => {
    const stored = resource({ uid: 'x', generation: 4, creationTimestamp: 'now' }, { a: '1', b: '2' })
    expect(differenceTo(undefined, stored)).toBe('created')
    expect(differenceTo({ ...stored, status: {} } as AnyResource, resource({}, { b: '2', a: '1' }))).toBe('unchanged')
    for (const other of [resource({}, { a: '1', b: '3' }), resource({ labels: { x: 'y' } }, { a: '1', b: '2' })]) expect(differenceTo(stored, other)).toBe('configured')
  })
})
