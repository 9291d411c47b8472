/** The cache of file digests. */

import type { Stats } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { StatCache } from '../../../../src/archive/files/stat-cache.ts'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { makeTemporaryDirectory } from '../../../../src/base/files.ts'

const NOW = 1_700_000_000_000
const OLD = { dev: 1, ino: 2, size: 3, mode: 0o100644, mtimeMs: NOW - 10_000, ctimeMs: NOW - 10_000 } as Stats
const DIGEST = Buffer.alloc(32, 7)
const A = Buffer.from('src/a')

let file: string
beforeEach(async () => {
  const scratch = await makeTemporaryDirectory('cnb-test-')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  file = join(scratch.path, 'caches', 'app')
})

/** Saves the digests of files. */
async function save(files: readonly (readonly [Buffer, Stats])[], now = NOW): Promise<void> {
  const cache = await StatCache.open(file, {}, now)
  for (const [path, stats] of files) if (!cache.digest(path, stats)) cache.remember(path, stats, DIGEST, now)
  await cache.save({}, now)
}

async function lookUp(path: Buffer, stats: Stats, now = NOW): Promise<Buffer | undefined> {
  return (await StatCache.open(file, {}, now)).digest(path, stats)
}

describe('a stat cache', () => {
  test('has the digests of files with the same status, in any order', async () => {
    const b = [Buffer.from([0xff, 0xfe]), { ...OLD, ino: 9 }] as const
    await save([[A, OLD], b])
    const cache = await StatCache.open(file, {}, NOW)
    expect(cache.digest(...b)).toEqual(DIGEST)
    expect(cache.digest(A, OLD)).toEqual(DIGEST)
    expect(cache.digest(Buffer.from('src/c'), OLD)).toBeUndefined()
  })

  test.each<[keyof Stats, number]>([['dev', 9], ['ino', 9], ['size', 9], ['mode', 0o100755], ['mtimeMs', NOW - 9_999.5], ['ctimeMs', NOW - 9_999.5]])(
    'does not have a file with another %s',
    async (field, value) => {
      await save([[A, OLD]])
      expect(await lookUp(A, { ...OLD, [field]: value })).toBeUndefined()
    },
  )

  test.each([['mtimeMs'], ['ctimeMs']])('does not keep a file with a young or future %s: a later change may leave the same status', async (field) => {
    for (const age of [2999, 0, -60_000]) {
      const young = { ...OLD, [field]: NOW - age }
      await save([[A, young]])
      expect(await lookUp(A, young)).toBeUndefined()
    }
  })

  test('keeps digests over walks without a new file, and drops those of removed files', async () => {
    const b = [Buffer.from('src/b'), { ...OLD, ino: 9 }] as const
    await save([[A, OLD], b])
    const { mtimeMs } = await stat(file)
    await save([[A, OLD], b])
    expect((await stat(file)).mtimeMs).toBe(mtimeMs)
    await save([b])
    expect(await lookUp(A, OLD)).toBeUndefined()
    expect(await lookUp(...b)).toEqual(DIGEST)
  })

  test.each<[string, (content: Buffer) => Buffer]>([
    ['damaged', (content) => Buffer.concat([content.subarray(0, -1), Buffer.from([1])])],
    ['cut off', (content) => content.subarray(0, -40)],
    ['short', (content) => content.subarray(0, 20)],
    ['empty', () => Buffer.alloc(0)],
    ['foreign', (content) => Buffer.concat([Buffer.from('another file'), content])],
  ])('is ignored with a warning if it is %s', async (_, change) => {
    await save([[A, OLD]])
    await writeFile(file, change(await readFile(file)))
    const events: CnbEvent[] = []
    const cache = await StatCache.open(file, { events: (event) => events.push(event) }, NOW)
    expect(cache.digest(A, OLD)).toBeUndefined()
    expect(events).toMatchObject([{ type: 'warning', message: expect.stringContaining('is damaged') as string }])
  })

  test('is ignored with a warning if it is from the future', async () => {
    await save([[A, OLD]])
    const events: CnbEvent[] = []
    const cache = await StatCache.open(file, { events: (event) => events.push(event) }, NOW - 1)
    expect(cache.digest(A, OLD)).toBeUndefined()
    expect(events).toMatchObject([{ type: 'warning', message: expect.stringContaining('has a time in the future') as string }])
  })

  test('is only for its user, and is written without an error where nothing can be written', async () => {
    await save([[A, OLD]])
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const inFile = join(file, 'below-a-file')
    const cache = await StatCache.open(inFile, {}, NOW)
    cache.remember(A, OLD, DIGEST, NOW)
    await cache.save({}, NOW)
  })
})
