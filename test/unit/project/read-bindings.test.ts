import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../src/base/files.ts'
import { readBindings } from '../../../src/project/read-bindings.ts'

let root: TemporaryDirectory
beforeEach(async () => {
  root = await makeTemporaryDirectory()
  await write('db/type', 'postgresql')
})
afterEach(() => root[Symbol.asyncDispose]())

async function write(path: string, content: string | Buffer): Promise<void> {
  await mkdir(join(root.path, path, '..'), { recursive: true })
  await writeFile(join(root.path, path), content)
}

async function read(...values: string[]): Promise<Record<string, Record<string, string>>> {
  const bindings = await readBindings(values, root.path, {})
  return Object.fromEntries(bindings.map(({ name, files }) => [name, Object.fromEntries([...files].map(([file, content]) => [file, content.toString()]))]))
}

describe('a binding', () => {
  test('has the files of its directory', async () => {
    await write('db/uri', 'postgres://db\n')
    await write('other/type', 'redis')
    expect(await read('main=db', `cache=${root.path}/other`)).toEqual({ main: { type: 'postgresql', uri: 'postgres://db\n' }, cache: { type: 'redis' } })
  })

  test('has the files of a Secret that Kubernetes mounted', async () => {
    await write('secret/..2026_11_30/type', 'mysql')
    await symlink('..2026_11_30', join(root.path, 'secret/..data'))
    await symlink('..data/type', join(root.path, 'secret/type'))
    expect(await read('db=secret')).toEqual({ db: { type: 'mysql' } })
  })

  test('has the directories of a legacy binding', async () => {
    await write('old/metadata/kind', 'mysql')
    await write('old/secret/password', 'x')
    expect(await read('db=old')).toEqual({ db: { 'metadata/kind': 'mysql', 'secret/password': 'x' } })
  })

  test.each([
    ['db', 'is not NAME=DIR'],
    ['=db', 'is not NAME=DIR'],
    ['a/b=db', 'is not NAME=DIR'],
    ['db=absent', 'no such file or directory'],
    ['db=db/type', 'not a directory'],
    ['db=empty', "has no file 'type'"],
    ['db=large', 'is larger than 1 MiB'],
    ['db=many', 'have more than 1024 KiB'],
    ['db=deep', 'a/b is a directory in a directory'],
  ])('is refused with its cause: %s', async (value, cause) => {
    await mkdir(join(root.path, 'empty'))
    await write('large/type', Buffer.alloc(1024 * 1024 + 1))
    for (const name of ['type', 'b', 'c']) await write(`many/${name}`, Buffer.alloc(400 * 1024))
    await write('deep/a/b/c', '')
    await expect(read(value)).rejects.toMatchObject({ code: 'CNB_USAGE', message: expect.stringContaining(cause) as string })
  })

  test('is refused if its name is used twice', async () => {
    await expect(read('db=db', 'db=db')).rejects.toThrow("the name 'db' is used twice")
  })
})
