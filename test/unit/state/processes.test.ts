/** Processes that share a state directory, and that are killed. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'rolldown'
import { BUNDLING } from '../../../bin/bundling.mjs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CnbEvent } from '../../../src/base/events.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../src/base/files.ts'
import { currentOwner, type ResourceOwner } from '../../../src/base/processes/owner.ts'
import { openStateDirectory } from '../../../src/state/directory/directory-store.ts'
import { stateProcess } from '../../../src/state/directory/state-process.ts'
import { takeTurn } from '../../../src/state/directory/turns.ts'
import { keyOf } from '../../../src/state/resource-key.ts'
import type { Store } from '../../../src/state/store.ts'
import { image } from '../../contract/state/store-contract.ts'

let program: TemporaryDirectory
let temporary: TemporaryDirectory
let root: string
let store: Store
let self: ResourceOwner
const children: ChildProcess[] = []

beforeAll(async () => {
  program = await makeTemporaryDirectory()
  const input = join(import.meta.dirname, '../../support/state-child.ts')
  await build({ ...BUNDLING, input, output: { file: join(program.path, 'child.mjs'), format: 'esm', codeSplitting: false } })
  self = await currentOwner('here', process.pid)
})

afterAll(() => program[Symbol.asyncDispose]())

beforeEach(async () => {
  temporary = await makeTemporaryDirectory()
  root = join(temporary.path, 'state')
  store = await openStateDirectory(root, stateProcess(self))
})

afterEach(async () => {
  for (const child of children.splice(0)) await kill(child)
  await temporary[Symbol.asyncDispose]()
})

/** Starts a process, and waits until it has written a number of lines. */
async function start(work: string, count = 1): Promise<ChildProcess & { lines: string[] }> {
  const child = spawn(process.execPath, [join(program.path, 'child.mjs'), work, root], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const lines: string[] = []
  await new Promise<void>((resolve, reject) => {
    child.once('close', () => reject(new Error('the child ended')))
    createInterface(child.stdout).on('line', (line) => {
      if (lines.push(line) === count) resolve()
    })
  })
  return Object.assign(child, { lines })
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}

describe('a process that is killed while it writes', () => {
  it('leaves the old or the new state, and does not stop others', async () => {
    for (let round = 0; round < 4; round++) {
      const child = await start('write', 1 + 7 * round)
      await kill(child)
      const read = await store.read(keyOf(image('app')))
      const { parts } = read?.resource.spec as unknown as { parts: number[] }
      expect(new Set(parts).size).toBe(1)
      expect((read?.resource.status as { count?: number }).count).toBeLessThanOrEqual(parts[0] ?? 0)
      await store.write(image(`other-${round}`))
      expect(await readdir(join(root, 'tmp'))).toEqual([])
      expect(await readdir(join(root, 'writers'))).toEqual([])
      await store.remove(keyOf(image('app')))
    }
  })

  it('has not lost a change of a status between two others', async () => {
    const [first, second] = await Promise.all([start('write', 40), start('write', 40)])
    await Promise.all([kill(first), kill(second)])
    // Each refused the status of a resource that the other one changed meanwhile, and none failed otherwise.
    const others = [...first.lines, ...second.lines].filter((line) => line !== 'written' && !line.includes('another process changed it meanwhile'))
    expect(others).toEqual([])
  })
})

it('keeps the old state when the disk is full half way', async () => {
  await store.write(image('app'))
  const path = join(root, 'objects/kpack.io/Image/default/app.yaml')
  const before = await readFile(path, 'utf8')
  const child = spawn('sh', ['-c', 'ulimit -f 2; exec "$0" "$@"', process.execPath, join(program.path, 'child.mjs'), 'write', root], { stdio: ['ignore', 'ignore', 'pipe'] })
  children.push(child)
  const output: string[] = []
  createInterface(child.stderr).on('line', (line) => output.push(line))
  const [code] = (await once(child, 'close')) as [number]
  expect(code).toBe(1)
  expect(output.join('\n')).toMatch(/cannot write .*app\.yaml: EFBIG/)
  expect(await readFile(path, 'utf8')).toBe(before)
  expect(await readdir(join(root, 'tmp'))).toEqual([])
})

describe('the lock', () => {
  it('is not held by a dead process', async () => {
    const child = await start('lock')
    expect(await store.isLocked()).toBe(true)
    await kill(child)
    expect(await store.isLocked()).toBe(false)
  })

  it('is free as soon as its process is dead', async () => {
    const child = await start('lock')
    const events: CnbEvent[] = []
    const waiting = store.lock({ events: (event) => events.push(event) })
    while (events.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(events).toMatchObject([{ type: 'info', message: expect.stringContaining(`waiting for process ${child.pid} on `) as string }])
    await kill(child)
    await using lock = await waiting
    expect(lock.signal.aborted).toBe(false)
    expect(await readdir(join(root, 'reconcilers'))).toHaveLength(1)
  })

  const elsewhere = (beat: number, space = 'other/1') => ({ ...stateProcess({ ...self, space }), beat })

  it('stays with a process of another machine that shows signs of life', async () => {
    const far = await openStateDirectory(root, elsewhere(10))
    const held = await far.lock()
    const near = await openStateDirectory(root, { ...stateProcess(self), beat: 100 })
    const interrupt = new AbortController()
    const waiting = near.lock({ signal: interrupt.signal })
    const claims = join(root, 'reconcilers')
    const [claim = ''] = (await readdir(claims)).sort()
    // Far more than the patience of the other process.
    while (Number((await readFile(join(claims, claim), 'utf8')).split('\n')[1]) < 80) await new Promise((resolve) => setTimeout(resolve, 5))
    interrupt.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
    expect(held.signal.aborted).toBe(false)
    await held[Symbol.asyncDispose]()
  })

  it.each([
    ['another machine', () => elsewhere(1_000_000)],
    ['a system that does not identify processes', () => elsewhere(1_000_000, '')],
  ])('passes to the next process without signs of life from %s', async (_title, process) => {
    const far = await openStateDirectory(root, process())
    const held = await far.lock()
    const near = await openStateDirectory(root, { ...stateProcess(self), beat: 20 })
    await using lock = await near.lock()
    expect(lock.signal.aborted).toBe(false)
    await held[Symbol.asyncDispose]()
    expect(await readdir(join(root, 'reconcilers'))).toHaveLength(1)
  })

  it('ends for a process that stopped for too long, which learns of it', async () => {
    const far = await openStateDirectory(root, elsewhere(50))
    const held = await far.lock()
    const lost = once(held.signal, 'abort')
    const [claim = ''] = await readdir(join(root, 'reconcilers'))
    await rm(join(root, 'reconcilers', claim))
    await lost
    expect(held.signal.reason).toMatchObject({ code: 'CNB_STATE_CHANGED' })
    // The claim of the process that took over stays.
    await writeFile(join(root, 'reconcilers', claim), 'another')
    await held[Symbol.asyncDispose]()
    expect(await readdir(join(root, 'reconcilers'))).toEqual([claim])
  })

  it('does not trust the ID of a process of another space', async () => {
    await mkdir(join(root, 'reconcilers'), { recursive: true })
    await writeFile(join(root, 'reconcilers/000001-x'), `there:other/1:999999:1\n`)
    const interrupt = new AbortController()
    const events: CnbEvent[] = []
    const waiting = store.lock({ signal: interrupt.signal, events: (event) => (events.push(event), interrupt.abort()) })
    await expect(waiting).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
    expect(events).toMatchObject([{ message: `waiting for process 999999 on there, which uses the state in ${root}` }])
    expect(await readdir(join(root, 'reconcilers'))).toEqual(['000001-x'])
  })
})

describe('turns', () => {
  it('lets one process work at a time', async () => {
    const directory = join(root, 'turns')
    const order: number[] = []
    let inside = 0
    const work = async (index: number): Promise<void> => {
      await using _turn = await takeTurn(directory, stateProcess(self), {}, () => {})
      expect(++inside).toBe(1)
      await readdir(directory)
      order.push(index)
      inside--
    }
    await Promise.all(Array.from({ length: 20 }, (_, index) => work(index)))
    expect(order).toHaveLength(20)
    expect(await readdir(directory)).toEqual([])
  })

  it('waits for a process that does not have its number yet', async () => {
    const directory = join(root, 'turns')
    await mkdir(directory, { recursive: true })
    await writeFile(join(directory, 'choosing-x'), '')
    const interrupt = new AbortController()
    const waiting = takeTurn(directory, stateProcess(self), { signal: interrupt.signal }, () => interrupt.abort())
    await expect(waiting).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
    expect(await readdir(directory)).toEqual(['choosing-x'])
  })
})

it('ends the log of a process that is killed, with all lines that it wrote', async () => {
  const child = await start('log')
  const lines: string[] = []
  const reading = (async () => {
    for await (const batch of store.readLog({ namespace: 'default', name: 'app-build-1' }, true)) lines.push(...batch.map(({ text }) => text))
  })()
  await kill(child)
  await reading
  expect(lines).toEqual(['one'])
})
