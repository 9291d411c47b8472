import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import type { FileFilter } from '../../../src/project/app.ts'
import { AppWatch } from '../../../src/project/watch-app.ts'

let directory: Awaited<ReturnType<typeof makeTemporaryDirectory>>
let watched: AppWatch | undefined
let changes: string[] = []

beforeEach(async () => {
  directory = await makeTemporaryDirectory('cnb-watch-')
  for (const path of ['src/deep', 'node_modules/a', '.git']) await mkdir(join(directory.path, path), { recursive: true })
  await writeFile(join(directory.path, 'src/deep/main.js'), '1')
})

afterEach(async () => {
  watched?.[Symbol.dispose]()
  await directory[Symbol.asyncDispose]()
})

const at = (path: string): string => join(directory.path, path)

async function open(filter: FileFilter = {}): Promise<void> {
  changes = []
  watched = await AppWatch.open(directory.path, filter, (path) => changes.push(path), (error) => { throw error })
}

/** Waits for changes after `act`. */
async function noticed(act: () => Promise<unknown>): Promise<void> {
  const before = changes.length
  await act()
  await vi.waitFor(() => expect(changes.length).toBeGreaterThan(before), { interval: 5, timeout: 5000 })
}

/** Expects that a later change is noticed, and that of `path` is not. The system reports changes in their order. */
async function unnoticed(path: string): Promise<void> {
  await writeFile(at(path), '')
  await noticed(() => writeFile(at('project.toml'), '[_]'))
  expect(new Set(changes)).toEqual(new Set(['project.toml']))
}

describe('a watch of an app', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['a write', () => writeFile(at('src/deep/main.js'), '2')],
    ['a new file', () => writeFile(at('new.js'), '')],
    ['a removal', () => rm(at('src/deep/main.js'))],
    ['an atomic save', async () => (await writeFile(at('src/deep/.main.js.swp'), '2'), rename(at('src/deep/.main.js.swp'), at('src/deep/main.js')))],
    ['a link', () => symlink('main.js', at('src/deep/link.js'))],
    ['a removed directory', () => rm(at('src'), { recursive: true })],
  ])('notices %s', async (_title, act) => {
    await open()
    await noticed(act)
  })

  it('notices writes in new, renamed and replaced directories', async () => {
    await open()
    await noticed(() => mkdir(at('lib/inner'), { recursive: true }))
    await noticed(() => writeFile(at('lib/inner/a.js'), ''))
    await noticed(() => rename(at('src'), at('source')))
    await vi.waitFor(() => noticed(() => writeFile(at('source/deep/main.js'), '3')))
    await noticed(async () => (await rm(at('lib'), { recursive: true }), mkdir(at('lib/inner'), { recursive: true })))
    await vi.waitFor(() => noticed(() => writeFile(at('lib/inner/b.js'), '')))
  })

  it("notices writes after the app's directory was removed and made again", async () => {
    await open()
    await noticed(() => rm(directory.path, { recursive: true }))
    await noticed(() => mkdir(at('src'), { recursive: true }))
    await vi.waitFor(() => noticed(() => writeFile(at('src/again.js'), '')))
  })

  it.each<[string, FileFilter, string]>([
    ['.git', {}, '.git/index'],
    ['an excluded directory', { exclude: ['node_modules/'] }, 'node_modules/a/index.js'],
    ['an excluded file', { exclude: ['*.log'] }, 'src/a.log'],
    ['a file that is not included', { include: ['src'] }, 'other.js'],
  ])('ignores %s', async (_title, filter, path) => {
    await open(filter)
    await unnoticed(path)
  })

  it('notices a file below an included directory', async () => {
    await open({ include: ['/src'] })
    await noticed(() => writeFile(at('src/deep/main.js'), '2'))
  })

  it('ends with its scope', async () => {
    await open()
    watched?.[Symbol.dispose]()
    await writeFile(at('src/deep/main.js'), '2')
    expect(changes).toEqual([])
  })
})
