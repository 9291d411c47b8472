import fc from 'fast-check'
import { chmodSync, mkdtempSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CnbEvent } from '../../../src/base/events.ts'
import { openTrace } from '../../../src/base/trace.ts'

interface Written {
  readonly ph: string
  readonly name: string
  readonly cat?: string
  readonly ts: number
  readonly dur: number
  readonly pid: number
  readonly tid: number
  readonly args: Record<string, unknown>
}

let directory = ''
let path = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cnb-trace-'))
  path = join(directory, 'trace.json')
})
afterEach(() => rmSync(directory, { recursive: true }))

const read = (): Written[] => JSON.parse(readFileSync(path, 'utf8')) as Written[]
const spans = (): Written[] => read().filter(({ ph }) => ph === 'X')
const span = (startMs: number, durationMs: number, category: 'engine' | 'registry' | 'work' = 'engine'): CnbEvent =>
  ({ type: 'span', category, name: 'GET /x', startMs, durationMs })

test('writes a span as a complete event in microseconds, and the name of its lane', () => {
  const trace = openTrace(path, 'cnb build')
  trace.events({ type: 'span', category: 'registry', name: 'GET https://r.example/v2/', startMs: 1.5, durationMs: 2.25, args: { status: 200 } })
  trace.close()
  expect(read()).toEqual([
    { ph: 'M', name: 'process_name', pid: 1, tid: 0, args: { name: 'cnb build' } },
    { ph: 'M', name: 'thread_name', pid: 1, tid: 5001, args: { name: 'registry' } },
    { ph: 'X', name: 'GET https://r.example/v2/', cat: 'registry', ts: 1500, dur: 2250, pid: 1, tid: 5001, args: { status: 200 } },
  ])
})

test('writes phases, steps and pulls as spans that end at their event, and ignores other events', () => {
  const trace = openTrace(path, 'cnb build')
  trace.events({ type: 'phase.start', phase: 'builder' })
  trace.events({ type: 'phase.end', phase: 'builder', durationMs: 3, exitCode: 51 })
  trace.events({ type: 'step.end', step: 'uploading', durationMs: 2 })
  trace.events({ type: 'pull.end', reference: 'r.example/x', durationMs: 1, failed: true })
  trace.events({ type: 'info', message: 'words' })
  trace.close()
  expect(spans().map(({ name, cat, args }) => [name, cat, args])).toEqual([
    ['builder', 'phase', { exitCode: 51 }],
    ['uploading', 'step', {}],
    ['r.example/x', 'pull', { failed: true }],
  ])
})

test('keeps the file valid after each event', () => {
  const trace = openTrace(path, 'cnb ü')
  expect(read()).toHaveLength(1)
  trace.events(span(0, 1))
  expect(spans()).toHaveLength(1)
  trace.events({ type: 'step.end', step: 'größer', durationMs: 1 })
  expect(spans()).toHaveLength(2)
  trace.close()
  trace.events(span(0, 1))
  expect(spans()).toHaveLength(2)
})

test('keeps spans of one lane disjoint or nested', () => {
  const times = fc.array(fc.tuple(fc.nat(50), fc.nat(50), fc.constantFrom('engine' as const, 'work' as const)), { maxLength: 40 })
  fc.assert(
    fc.property(times, (given) => {
      const trace = openTrace(path, 'cnb')
      for (const [start, duration, category] of given) trace.events(span(start, duration, category))
      trace.close()
      const written = spans()
      expect(written).toHaveLength(given.length)
      for (const [at, a] of written.entries()) {
        for (const b of written.slice(at + 1)) {
          if (a.tid !== b.tid) continue
          const apart = a.ts + a.dur <= b.ts || b.ts + b.dur <= a.ts
          const aContainsB = a.ts <= b.ts && b.ts + b.dur <= a.ts + a.dur
          const bContainsA = b.ts <= a.ts && a.ts + a.dur <= b.ts + b.dur
          expect([a, b, apart || aContainsB || bContainsA]).toEqual([a, b, true])
          expect(a.cat).toBe(b.cat)
        }
      }
    }),
  )
})

test('belongs to the last of several runs at once', () => {
  const [first, last] = [openTrace(path, 'cnb build'), openTrace(path, 'cnb inspect')]
  for (const [at, { events }] of [first, last, first, last, first].entries()) events({ type: 'step.end', step: `a step ${'x'.repeat(100 - at)}`, durationMs: 1 })
  last.close()
  first.close()
  expect(read()[0]).toMatchObject({ args: { name: 'cnb inspect' } })
  expect(spans()).toHaveLength(2)
})

test('replaces the file, and allows only its owner to read it', () => {
  writeFileSync(path, 'x'.repeat(10_000))
  chmodSync(path, 0o644)
  openTrace(path, 'cnb').close()
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(read()).toHaveLength(1)
})

test.each<[string, () => string]>([
  ['a directory', () => directory],
  ['a device', () => '/dev/null'],
  ['a file in a directory that does not exist', () => join(directory, 'no', 'file')],
  ['a link, which could lead to any file', () => {
    mkdirSync(join(directory, 'd'))
    symlinkSync(join(directory, 'd', 'target'), path)
    return path
  }],
])('refuses %s', (_what, target) => {
  const file = target()
  const before = readdirSync(directory)
  expect(() => openTrace(file, 'cnb')).toThrow(expect.objectContaining({ code: 'CNB_OUTPUT', message: expect.stringContaining(`cannot write the trace to ${file}: `) as string }) as Error)
  expect(readdirSync(directory)).toEqual(before)
})
