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

test('reads a file up to the limit, and refuses a larger one', async () => {
  const content = Buffer.alloc(MAX, 'x')
  writeFileSync(at('most'), content)
  // toEqual takes seconds for this number of bytes.
  expect(content.equals(await readBounded(at('most'), { max: MAX }))).toBe(true)
  writeFileSync(at('more'), Buffer.alloc(MAX + 1))
  await expect(readBounded(at('more'), { max: MAX })).rejects.toThrow('is larger than 1 MiB')
})

test.runIf(existsSync('/proc/self/status'))('reads a file of /proc, which has the size 0', async () => {
  expect((await readBounded('/proc/self/status', { max: MAX })).toString()).toContain('Pid:')
})

test('reads a device up to the limit', async () => {
  expect(await readBounded('/dev/null', { max: MAX })).toHaveLength(0)
  await expect(readBounded('/dev/zero', { max: MAX })).rejects.toThrow('is larger than 1 MiB')
})

test('throws for a directory and for a missing file', async () => {
  await expect(readBounded(directory.path, { max: MAX })).rejects.toThrow('is a directory')
  await expect(readBounded(at('none'), { max: MAX })).rejects.toMatchObject({ code: 'ENOENT' })
})

test('refuses an unexpected pipe without waiting for it', async () => {
  await expect(readBounded(makeFifo(), { max: MAX })).rejects.toThrow('is a pipe, not a file')
})

test('reads a pipe to its end, even if its writer opens it later', async () => {
  const reading = readBounded(makeFifo(), { max: MAX, pipes: true })
  // The writer waits for a reader of the FIFO.
  execFile('sh', ['-c', 'printf A=1 >"$0"', at('fifo')])
  expect((await reading).toString()).toBe('A=1')
})

test('stops reading an endless pipe at the limit', async () => {
  const reading = readBounded(makeFifo(), { max: MAX, pipes: true })
  execFile('sh', ['-c', 'yes >"$0"', at('fifo')])
  await expect(reading).rejects.toThrow('is larger than 1 MiB')
})

test('stops waiting for a pipe on an abort', async () => {
  const controller = new AbortController()
  const reading = readBounded(makeFifo(), { max: MAX, pipes: true, signal: controller.signal })
  controller.abort()
  await expect(reading).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
})
