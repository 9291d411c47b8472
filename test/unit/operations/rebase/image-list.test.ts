import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CnbError } from '../../../../src/base/errors.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { listImages, type ImageListOptions } from '../../../../src/operations/rebase/image-list.ts'
import type { Registries } from '../../../../src/registry/registry.ts'

let directory: TemporaryDirectory
beforeEach(async () => (directory = await makeTemporaryDirectory()))
afterEach(() => directory[Symbol.asyncDispose]())

const list = (options: Partial<ImageListOptions>, input = '', tags: readonly string[] = []) =>
  listImages(
    { images: [], ...options },
    {
      cwd: directory.path,
      input: Readable.from([Buffer.from(input)]),
      registries: { repository: () => ({ tags: async function* () { yield* tags } }) } as unknown as Registries,
    },
    {},
  )

const named = (name: string) => ({ name, isFound: false })

test('reads one image per line, and ignores comments and empty lines', async () => {
  await writeFile(join(directory.path, 'list'), '# fleet\n\n  a/b:1 \r\nc # what it is\n')
  expect(await list({ fromFile: 'list' })).toEqual([named('a/b:1'), named('c')])
})

test('reads the standard input', async () => {
  expect(await list({ fromFile: '-' }, 'a\nb')).toEqual([named('a'), named('b')])
})

test('lists an image once, with its last name', async () => {
  expect(await list({ images: ['a', 'b'], fromFile: '-' }, 'docker.io/library/a:latest')).toEqual([named('docker.io/library/a:latest'), named('b')])
})

test('lists all tags of a repository except tags that represent a digest', async () => {
  const tags = ['1', `sha256-${'a'.repeat(64)}`, `sha256-${'a'.repeat(64)}.sig`, 'sha256-1']
  expect(await list({ images: ['r.example/app:1'], allTags: ['r.example/app'] }, '', tags)).toEqual([
    named('r.example/app:1'),
    { name: 'r.example/app:sha256-1', isFound: true },
  ])
})

test.each([
  ['an invalid line', { fromFile: '-' }, 'CNB_REFERENCE_INVALID'],
  ['a missing file', { fromFile: 'missing' }, 'CNB_USAGE'],
  ['--all-tags with a tag', { allTags: ['r.example:5000/app:1'] }, 'CNB_USAGE'],
  ['a repository without tags', { allTags: ['r.example:5000/app'] }, 'CNB_IMAGE_NOT_FOUND'],
])('throws for %s', async (_, options, code) => {
  await expect(list(options, 'good\nNOT GOOD\n')).rejects.toMatchObject({ code })
})

test('reports the number of an invalid line', async () => {
  await expect(list({ fromFile: '-' }, 'good\nNOT GOOD\n')).rejects.toMatchObject({ position: { file: 'the standard input', line: 2 } })
})

test('refuses an endless list and reports the limit', async () => {
  const endless = '#'.repeat(16 * 1024 * 1024 + 1)
  await expect(list({ fromFile: '-' }, endless)).rejects.toMatchObject({ code: 'CNB_USAGE', message: expect.stringContaining('larger than 16 MiB') as string })
})

test('shows no content of a list behind a link out of the working directory', async () => {
  await using elsewhere = await makeTemporaryDirectory()
  await writeFile(join(elsewhere.path, 'secret'), 'good\nTOKEN=top secret\n')
  await symlink(join(elsewhere.path, 'secret'), join(directory.path, 'leads-out'))
  const error = (await list({ fromFile: 'leads-out' }).catch((thrown: unknown) => thrown)) as CnbError
  expect(error).toMatchObject({ code: 'CNB_REFERENCE_INVALID', position: { line: 2 } })
  expect([error.message, error.hint, error.source].join()).not.toMatch(/TOKEN|top/)
})
