import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stepStatus } from '../../../../src/archive/files/walk-status.ts'
import { including } from '../../../../src/archive/ignore-rules.ts'
import type { TemporaryDirectory } from '../../../../src/base/files.ts'
import { makeTemporaryDirectory } from '../../../../src/base/files.ts'

let temporary: TemporaryDirectory
let app: string
beforeEach(async () => {
  temporary = await makeTemporaryDirectory()
  app = join(temporary.path, 'äpp')
  mkdirSync(app)
})
afterEach(async () => temporary[Symbol.asyncDispose]())

function list(options: Parameters<typeof stepStatus>[1] = {}, visit = (_: string) => {}): string[] {
  const paths: string[] = []
  for (const _ of stepStatus(app, options, (path) => void visit(paths[paths.push(path) - 1]!))) continue
  return paths
}

describe('stepStatus', () => {
  it('visits names of any bytes in bytewise order, without sockets', async () => {
    for (const path of ['a', 'a.d', 'B']) mkdirSync(join(app, path))
    for (const name of ['\xff', '\xc3\xa9', 'a/\xc3', 'a-b', 'a.d/x']) writeFileSync(Buffer.concat([Buffer.from(`${app}/`), Buffer.from(name, 'latin1')]), '')
    symlinkSync('nowhere', join(app, 'link'))
    execFileSync('mkfifo', [join(app, 'pipe')])
    await using server = createServer().listen(join(app, 'socket'))
    expect(server.listening).toBe(true)
    expect(list()).toEqual(['', 'B', 'a', 'a/\xc3', 'a-b', 'a.d', 'a.d/x', 'link', 'pipe', '\xc3\xa9', '\xff'])
  })

  it('calls the filter with text, and not below a directory that is included as a whole', () => {
    for (const path of ['é/x', 'b']) mkdirSync(join(app, path), { recursive: true })
    for (const path of ['é/x/y', 'b/c', 'b/d']) writeFileSync(join(app, path), '')
    const asked: string[] = []
    const rules = including(['é/', '/b/c'])
    const utf8 = Buffer.from('é').toString('latin1')
    expect(list({ filter: (path, isDirectory) => (asked.push(path), rules(path, isDirectory)) })).toEqual(['', 'b', 'b/c', utf8, `${utf8}/x`, `${utf8}/x/y`])
    expect(asked).toEqual(['b', 'b/c', 'b/d', 'é'])
  })

  it('reports a file that is removed during the walk', () => {
    for (const name of ['a', 'b']) writeFileSync(join(app, name), '')
    expect(() => list({}, (path) => path === 'a' && rmSync(join(app, 'b')))).toThrow(expect.objectContaining({ code: 'CNB_APP_CHANGED', message: `${app}/b was removed or replaced while the directory was read` }))
  })

  it('reports a missing root', () => {
    rmSync(app, { recursive: true })
    expect(() => list()).toThrow(expect.objectContaining({ code: 'CNB_APP_INVALID' }))
  })

  it('stops on its signal', () => {
    writeFileSync(join(app, 'a'), '')
    expect(() => list({ signal: AbortSignal.abort() })).toThrow(expect.objectContaining({ code: 'CNB_INTERRUPTED' }))
  })
})
