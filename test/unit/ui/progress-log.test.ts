import { describe, expect, it } from 'vitest'
import type { CnbEvent } from '../../../src/base/events.ts'
import type { LiveDisplay } from '../../../src/ui/live/live-display.ts'
import { escapeData, escapeProperty, githubSections, plainSections, type PhaseSections } from '../../../src/ui/phase-sections.ts'
import { ProgressLog } from '../../../src/ui/progress-log.ts'
import { QuietLog } from '../../../src/ui/quiet-log.ts'
import { recordingTerminal } from './recording-stream.ts'

const still: LiveDisplay = { before: () => undefined, after: () => undefined, stop: () => undefined }

interface Telling {
  verbose?: boolean
  sections?: PhaseSections
  color?: 'never' | 'always'
}

function told(events: CnbEvent[], { verbose = false, sections = plainSections((text) => text), color = 'never' }: Telling = {}): string[] {
  const { terminal, stderr, stdout } = recordingTerminal({}, {}, color)
  const talk = new ProgressLog({ terminal, activity: still, sections, verbose })
  for (const event of events) talk.events(event)
  talk.stop()
  expect(stdout.text).toBe('')
  return stderr.text.split('\n').slice(0, -2)
}

const detect = (line: string, exitCode = 0): CnbEvent[] => [
  { type: 'phase.start', phase: 'detector' },
  { type: 'phase.line', phase: 'detector', stream: 'stdout', line },
  { type: 'phase.end', phase: 'detector', durationMs: 1234, exitCode },
]

describe('ProgressLog', () => {
  it('prints a header before a phase and its duration after it', () => {
    expect(told(detect('cnb/node 1.0.0'))).toEqual(['===> DETECTING', '[detector] cnb/node 1.0.0', '     done in 1.2s'])
  })

  it('prints the exit code of a failed phase', () => {
    expect(told(detect('no', 20)).at(-1)).toBe('     failed after 1.2s (exit code 20)')
  })

  it('names a phase that ends below the header of another phase', () => {
    const start = (phase: string): CnbEvent => ({ type: 'phase.start', phase })
    const end = (phase: string): CnbEvent => ({ type: 'phase.end', phase, durationMs: 1234, exitCode: 0 })
    const sections: PhaseSections = { ...plainSections((text) => text), close: () => ['closed'] }
    expect(told([start('builder'), start('extender'), end('builder'), end('extender')], { sections }).slice(1)).toEqual([
      'closed',
      '===> EXTENDING',
      '     builder: done in 1.2s',
      'closed',
      '     done in 1.2s',
    ])
  })

  it('removes control sequences from container output, and colors unless enabled', () => {
    const line = '\u001b[31mred\u001b[0m\u001b[2J'
    expect(told(detect(line))[1]).toBe('[detector] red')
    expect(told(detect(line), { color: 'always' })[1]).toContain('\u001b[31mred')
    expect(told(detect(line), { color: 'always' })[1]).not.toContain('\u001b[2J')
  })

  it('does not report a failed pull as pulled', () => {
    expect(told([{ type: 'pull.end', reference: 'debian:12', durationMs: 2000, failed: true }])).toEqual([])
  })

  it('prints pulls, and steps of noticeable duration', () => {
    expect(
      told([
        { type: 'pull.start', reference: 'debian:12' },
        { type: 'pull.progress', reference: 'debian:12', layer: 'a', status: 'Downloading', current: 1, total: 2 },
        { type: 'pull.end', reference: 'debian:12', durationMs: 2000 },
        { type: 'step.start', step: 'uploading the app' },
        { type: 'step.end', step: 'uploading the app', durationMs: 40 },
        { type: 'step.end', step: 'reading the builder', durationMs: 900 },
      ]),
    ).toEqual(["Pulling 'debian:12'", "Pulled 'debian:12' in 2.0s", '     reading the builder: 0.9s'])
  })

  it('prints all events with --verbose', () => {
    const events: CnbEvent[] = [{ type: 'debug', message: 'detail' }, { type: 'step.end', step: 'short', durationMs: 10 }]
    expect(told(events)).toEqual([])
    expect(told(events, { verbose: true })).toEqual(['detail', '     short: 0.0s'])
  })

  it('marks warnings', () => {
    expect(told([{ type: 'warning', message: 'odd' }, { type: 'info', message: 'fine' }])).toEqual(['Warning: odd', 'fine'])
  })
})

describe("GitHub's sections", () => {
  const sections = (): PhaseSections => githubSections(() => 'token')

  it('groups each phase and disables commands in its output', () => {
    expect(told(detect('::add-path::/evil'), { sections: sections() })).toEqual([
      '::group::DETECTING',
      '::stop-commands::token',
      '[detector] ::add-path::/evil',
      '::token::',
      '::endgroup::',
      '     done in 1.2s',
    ])
  })

  it('closes the group of a phase that has no end event', () => {
    expect(told(detect('x').slice(0, 2), { sections: sections() }).slice(-2)).toEqual(['::token::', '::endgroup::'])
  })

  it('prints warnings as annotations, except where commands are disabled', () => {
    const warning: CnbEvent = { type: 'warning', message: 'a\nb' }
    expect(told([warning], { sections: sections() })).toEqual(['::warning title=cnb::a%0Ab'])
    expect(told([{ type: 'phase.start', phase: 'builder' }, warning], { sections: sections() })[2]).toBe('Warning: a')
  })

  it('uses another token each time', () => {
    const real = githubSections()
    expect(real.open('a')[1]).not.toBe(real.open('a')[1])
  })

  it('escapes delimiters in values', () => {
    expect(escapeData('50%\r\n')).toBe('50%25%0D%0A')
    expect(escapeProperty('a:b,c')).toBe('a%3Ab%2Cc')
  })
})

describe('QuietLog', () => {
  it('prints nothing for a successful phase', () => {
    const { terminal, stderr } = recordingTerminal()
    detect('fine').forEach(new QuietLog(terminal).events)
    expect(stderr.text).toBe('')
  })

  it('prints the last lines of a failed phase', () => {
    const { terminal, stderr } = recordingTerminal()
    const { events } = new QuietLog(terminal)
    events({ type: 'phase.start', phase: 'builder' })
    for (let count = 1; count <= 100; count++) events({ type: 'phase.line', phase: 'builder', stream: 'stdout', line: `line ${count}` })
    events({ type: 'phase.end', phase: 'builder', durationMs: 1, exitCode: 51 })
    expect(stderr.text.split('\n')).toHaveLength(21)
    expect(stderr.text).toMatch(/\[builder\] line 81\n[^]*\[builder\] line 100\n$/)
  })

  it('omits the lines of a phase that ran in parallel with the failed one', () => {
    const { terminal, stderr } = recordingTerminal()
    const { events } = new QuietLog(terminal)
    for (const phase of ['builder', 'extender']) events({ type: 'phase.start', phase })
    for (const phase of ['builder', 'extender']) events({ type: 'phase.line', phase, stream: 'stdout', line: 'words' })
    events({ type: 'phase.end', phase: 'extender', durationMs: 1, exitCode: 0 })
    events({ type: 'phase.end', phase: 'builder', durationMs: 1, exitCode: 51 })
    expect(stderr.text).toBe('[builder] words\n')
  })

  it('shows warnings', () => {
    const { terminal, stderr } = recordingTerminal()
    new QuietLog(terminal).events({ type: 'warning', message: 'odd\u0007' })
    expect(stderr.text).toBe('Warning: odd\n')
  })
})
