import { describe, expect, it } from 'vitest'
import { measured } from '../../../../../src/base/spans.ts'
import { step, type CnbEvent } from '../../../../../src/base/events.ts'
import type { CommandContext } from '../../../../../src/cli/command.ts'
import { withReports } from '../../../../../src/cli/commands/reports/report-files.ts'
import { timingsText, type Timing } from '../../../../../src/cli/commands/reports/timings-text.ts'
import { visibleLength } from '../../../../../src/ui/sanitize.ts'
import { makeTheme } from '../../../../../src/ui/theme.ts'

const timings: Timing[] = [
  { kind: 'work', name: 'starting', startMs: 0, durationMs: 100 },
  { kind: 'work', name: 'planning\u001b[2J the build', startMs: 100, durationMs: 900 },
  { kind: 'pull', name: 'run:12', startMs: 200, durationMs: 800 },
  { kind: 'phase', name: 'builder', startMs: 1000, durationMs: 8000 },
  { kind: 'work', name: 'reading layer x', startMs: 9000, durationMs: 2 },
]

describe('withReports with timings', () => {
  it('adds phases, steps and pulls to the result, and passes the events on', async () => {
    const events: CnbEvent[] = []
    const session = { host: { cwd: '/', env: {} }, services: () => Promise.resolve({}), context: { events: (event: CnbEvent) => void events.push(event) } } as unknown as CommandContext
    const outcome = await withReports({ timings: true }, session, async ({ context, services }) => {
      await services()
      await step(context, 'uploading the app', () => measured(context, 'reading it', () => Promise.resolve()))
      context.events?.({ type: 'phase.end', phase: 'builder', durationMs: 3, exitCode: 0 })
      context.events?.({ type: 'span', category: 'engine', name: 'GET /info', startMs: 1, durationMs: 1 })
      return { outcome: { data: { image: 'app' }, line: 'app', text: () => 'Built', summary: {} }, markdown: () => '' }
    })
    const { timings: found } = outcome.data as { timings: Timing[] }
    expect(found.map(({ name }) => name).sort()).toEqual(['builder', 'connecting to the engine', 'reading it', 'starting', 'uploading the app'])
    expect(found.map(({ startMs }) => startMs)).toEqual(found.map(({ startMs }) => startMs).sort((one, other) => one - other))
    expect(outcome.summary).toEqual({ timings: found })
    expect(outcome.text(makeTheme(false))).toMatch(/^Time: .*\n\nBuilt$/s)
    expect(events.map(({ type }) => type)).toEqual(['step.start', 'span', 'step.end', 'phase.end', 'span'])
  })
})

describe('timingsText', () => {
  it('prints a plain table without a terminal, with parts indented', () => {
    expect(timingsText(timings, 10_000, makeTheme(false)).split('\n')).toEqual([
      'Time: 10.0s',
      '',
      '  TIME  SHARE  WHAT',
      '  0.1s   1.0%  starting',
      '  0.9s   9.0%  planning the build',
      '  0.8s   8.0%    run:12',
      '  8.0s  80.0%  builder',
      '',
      '  1 shorter span: see --output json',
    ])
  })

  it('draws bars from start to end on a terminal, within its width', () => {
    const lines = timingsText(timings, 10_000, makeTheme(false, 80)).split('\n').slice(3, 7)
    expect(lines.map((line) => line.slice(15, 38).trimEnd())).toEqual(['▏', '██', '██', '  █████████████████████'])
    expect(Math.max(...lines.map(visibleLength))).toBeLessThanOrEqual(80)
  })

  it('fits a narrow terminal without bars, and lists the longest entries', () => {
    const many = Array.from({ length: 100 }, (_, index): Timing => ({ kind: 'step', name: `step ${index}`.padEnd(300, 'x'), startMs: index * 100, durationMs: 100 + index }))
    const lines = timingsText(many, 10_000, makeTheme(false, 40)).split('\n')
    expect(lines.filter((line) => line.includes('step '))).toHaveLength(30)
    expect(lines.at(-1)).toContain('70 shorter spans')
    expect(lines.join('')).not.toContain('█')
    expect(Math.max(...lines.map(visibleLength))).toBeLessThanOrEqual(40)
  })
})
