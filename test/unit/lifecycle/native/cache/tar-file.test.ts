import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeTarFile } from '../../../../../src/lifecycle/native/cache/tar-file.ts'
import { digestOf } from '../../../../../src/oci/digest.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cnb-test-'))
})
afterEach(() => rm(directory, { recursive: true }))

const content = (...chunks: string[]): Readable => Readable.from(chunks.map((chunk) => Buffer.from(chunk)))

test('writes a content with the expected digest', async () => {
  await writeTarFile(content('a', 'b'), join(directory, 'tar'), digestOf('ab'), {})
  expect(await readFile(join(directory, 'tar'), 'utf8')).toBe('ab')
})

test('removes a content with another digest', async () => {
  await expect(writeTarFile(content('a', 'x'), join(directory, 'tar'), digestOf('ab'), {})).rejects.toMatchObject({ code: 'CNB_EXPORT_FAILED' })
  expect(await readdir(directory)).toEqual([])
})

test('removes the file if its contents fail, and throws their error', async () => {
  const failing = Readable.from((function* () {
    yield Buffer.from('a')
    throw new Error('no more')
  })())
  await expect(writeTarFile(failing, join(directory, 'tar'), digestOf('a'), {})).rejects.toThrow('no more')
  expect(await readdir(directory)).toEqual([])
})

test('keeps an existing file unchanged', async () => {
  await writeFile(join(directory, 'tar'), 'kept')
  await expect(writeTarFile(content('ab'), join(directory, 'tar'), digestOf('ab'), {})).rejects.toMatchObject({ code: 'EEXIST' })
  expect(await readFile(join(directory, 'tar'), 'utf8')).toBe('kept')
})
