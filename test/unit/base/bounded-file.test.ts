import { execFile, execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readBounded } from '../../../src/base/bounded-file.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../src/base/files.ts'

const MAX = 1024 * 1024

let directory: TemporaryDirectory
beforeEach(async () => void (directory = await makeTemporaryDirectory('cnb-test-')))
afterEach(() => directory[Symbol.asyncDispose]())

const at = (name: string): string => join(directory.path, name)

function makeFifo(): string {
  execFileSync('mkfifo', [at('fifo')])
  return at('fifo')
}

test('a file is read whole up to the bound, and refused above it', async () => {
  const content = Buffer.alloc(MAX, 'x')
  writeFileSync(at('most'), content)
  // Not with toEqual, which takes seconds for so many bytes.
  expect(content.equals(await readBounded(at('most'), { max: MAX }))).toBe(true)
  writeFileSync(at('more'), Buffer.alloc(MAX + 1))
  await expect(readBounded(at('more'), { max: MAX })).rejects.toThrow('is larger than 1 MiB')
})

test.runIf(existsSync('/proc/self/status'))('a file of /proc, which says that it has no bytes, is read', async () => {
  expect((await readBounded('/proc/self/status', { max: MAX })).toString()).toContain('Pid:')
})

test('a device is read up to the bound', async () => {
  expect(await readBounded('/dev/null', { max: MAX })).toHaveLength(0)
  await expect(readBounded('/dev/zero', { max: MAX })).rejects.toThrow('is larger than 1 MiB')
})

test('a directory, and what is not there, are errors', async () => {
  await expect(readBounded(directory.path, { max: MAX })).rejects.toThrow('is a directory')
  await expect(readBounded(at('none'), { max: MAX })).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a pipe is refused where none was named, and not waited for', async () => {
  await expect(readBounded(makeFifo(), { max: MAX })).rejects.toThrow('is a pipe, not a file')
})

test('a named pipe is read to its end, however late its writer comes', async () => {
  const reading = readBounded(makeFifo(), { max: MAX, pipes: true })
  // The FIFO waits for a reader.
  execFile('sh', ['-c', 'printf A=1 >"$0"', at('fifo')])
  expect((await reading).toString()).toBe('A=1')
})

test('a named pipe without an end is left at the bound', async () => {
  const reading = readBounded(makeFifo(), { max: MAX, pipes: true })
  execFile('sh', ['-c', 'yes >"$0"', at('fifo')])
  await expect(reading).rejects.toThrow('is larger than 1 MiB')
})

test('waiting for a pipe stops when it is told to', async () => {
  const controller = new AbortController()
  const reading = readBounded(makeFifo(), { max: MAX, pipes: true, signal: controller.signal })
  controller.abort()
  await expect(reading).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
})
