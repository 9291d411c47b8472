import { expect, test } from 'vitest'
import type { CnbEvent } from '../../../src/base/events.ts'
import { Mask } from '../../../src/base/lines/mask.ts'
import { decisionsOf } from '../../support/decisions.ts'
import { PhaseReporter } from '../../../src/lifecycle/phase-reporter.ts'

function record(phase: string) {
  const events: CnbEvent[] = []
  return { events, reporter: new PhaseReporter(phase, { events: (event) => events.push(event) }) }
}

test("turns creator's headers into phases, and ends each before the next starts", () => {
  const { events, reporter } = record('creator')
  const stdout = reporter.stream('stdout')
  stdout.write('===> ANALYZING\nfirst\n\u001b[0m===> DETECTING\u001b[0m\nsecond\n')
  const times = reporter.end(20)
  expect(events.map((event) => [event.type, 'phase' in event ? event.phase : '', 'line' in event ? event.line : ''].join(' ').trim())).toEqual([
    'phase.start analyzer',
    'phase.line analyzer first',
    'phase.end analyzer',
    'phase.start detector',
    'phase.line detector second',
    'phase.end detector',
  ])
  expect(events.at(-1)).toMatchObject({ exitCode: 20 })
  expect(times.map(({ phase }) => phase)).toEqual(['analyzer', 'detector'])
})

test("treats a header as a line if the phase has a separate container", () => {
  const { events, reporter } = record('builder')
  reporter.stream('stdout').write('===> EXPORTING\n')
  reporter.end(0)
  expect(events.map(({ type }) => type)).toEqual(['phase.start', 'phase.line', 'phase.end'])
})

test("returns the lifecycle's last error from either stream, without colours", () => {
  const { reporter } = record('exporter')
  reporter.stream('stdout').write('\u001b[31;1mERROR: \u001b[0mfailed to export: no such process\nmore talk\n')
  reporter.stream('stderr').write('a warning\n\n')
  expect(reporter.errorOutput).toBe('failed to export: no such process')
})

test('returns the last line of stderr if the phase printed no error', () => {
  const { reporter } = record('exporter')
  reporter.stream('stderr').write('panic: everything\n\n')
  reporter.stream('stdout').write('more talk\n')
  expect(reporter.errorOutput).toBe('panic: everything')
})

/** Output of lifecycle 0.21.0. */
const DETECTS = {
  start: '======== Error: b@1 ========\nmkdir /tmp/plan.581324442: no space left on device\n======== Results ========\npass: a@1\nerr:  b@1\n',
  exit: '======== Output: a@1 ========\nhello\n======== Output: b@1 ========\ncat: write error\nmore\n======== Results ========\npass: a@1\nerr:  b@1 (1)\n',
  both: '======== Output: b@1 ========\nhello\n======== Error: b@1 ========\nexec: environment variable contains NUL\n======== Results ========\nerr:  b@1\n',
  silent: '======== Results ========\nerr:  b@1 (1)\n',
}

test.each([
  ['start', 'b@1: mkdir /tmp/plan.581324442: no space left on device'],
  ['exit', 'b@1: cat: write error more'],
  ['both', 'b@1: exec: environment variable contains NUL'],
  ['silent', 'failed to detect: buildpack(s) failed with err'],
] as const)('returns the error of the buildpack that failed detection (%s)', (which, words) => {
  for (const phase of ['detector', 'creator']) {
    const { reporter } = record(phase)
    const end = '\u001b[31;1mERROR: \u001b[0mNo buildpack groups passed detection.\n\u001b[31;1mERROR: \u001b[0mfailed to detect: buildpack(s) failed with err\n'
    reporter.stream('stdout').write(`===> DETECTING\n${DETECTS[which]}${DETECTS[which]}${end}`)
    expect(reporter.errorOutput).toBe(words)
  }
})

test("prefers a buildpack's error about a full disk to the lifecycle's", () => {
  const { reporter } = record('builder')
  reporter.stream('stderr').write('head: write error: No space left on device\n')
  reporter.stream('stdout').write('ERROR: failed to build: exit status 1\n')
  expect(reporter.errorOutput).toBe('head: write error: No space left on device')
})

test.each([
  ['pass: a@1', 'a@1: passed: its detection ended with exit code 0'],
  ['fail: a@1', 'a@1: not detected: its detection ended with exit code 100'],
  ['skip: a@1', 'a@1: skipped: its detection ended with exit code 100, and the group does not require it'],
  ['fail: a@1 requires node', "a@1: not detected: it requires 'node', which no buildpack before it provides"],
  ['skip: a@1 provides unused node', "a@1: skipped: it provides 'node', which no buildpack requires, and the group does not require it"],
  ['err:  a@1 (127)', 'a@1: failed: its detection failed with exit code 127'],
  ['err:  a@1', 'a@1: failed: its detection failed'],
])("emits a decision for the detector's result '%s'", (line, decision) => {
  const { events, reporter } = record('detector')
  reporter.stream('stdout').write(`======== Results ========\n\u001b[32m${line}\u001b[0m\n`)
  expect(decisionsOf(events)).toEqual([`buildpack ${decision}`])
})

test('ignores results that a buildpack or another phase prints', () => {
  const { events, reporter } = record('detector')
  reporter.stream('stdout').write('fail: a@1\n======== Output: a@1 ========\nfail: b@1\n')
  const builder = record('builder')
  builder.reporter.stream('stdout').write('======== Results ========\nfail: a@1\n')
  expect(decisionsOf([...events, ...builder.events])).toEqual([])
})

test('hides secrets before it cuts the error, and in lines that arrive in pieces', () => {
  const events: CnbEvent[] = []
  const reporter = new PhaseReporter('builder', { events: (event) => events.push(event), mask: new Mask(['hidden-value']) })
  const stderr = reporter.stream('stderr')
  stderr.write(`${'x'.repeat(1994)}hidden`)
  stderr.write('-value\n')
  expect(reporter.errorOutput).toBe(`${'x'.repeat(1994)}***`)
  expect(JSON.stringify(events)).not.toContain('hidden')
})
