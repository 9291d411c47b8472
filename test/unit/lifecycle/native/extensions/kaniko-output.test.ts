import { describe, expect, it } from 'vitest'
import type { CnbEvent } from '../../../../../src/base/events.ts'
import { withoutKanikoLog } from '../../../../../src/lifecycle/native/extensions/kaniko-output.ts'

function told(line: string, stream: 'stdout' | 'stderr' = 'stderr'): CnbEvent[] {
  const events: CnbEvent[] = []
  withoutKanikoLog((event) => events.push(event))({ type: 'phase.line', phase: 'extender (run)', stream, line })
  return events
}

const entry = (level: string, message: string): string => `time="2026-11-21T12:41:40Z" level=${level} msg=${message}`
const line = (text: string): CnbEvent => ({ type: 'phase.line', phase: 'extender (run)', stream: 'stderr', line: text })

describe('withoutKanikoLog', () => {
  it('shows the Dockerfile\'s commands', () => {
    expect(told(entry('info', '"RUN echo \\"a b\\" > /opt/file"'))).toEqual([line('RUN echo "a b" > /opt/file')])
  })

  it('turns routine entries into debug events', () => {
    expect(told(entry('info', '"Taking snapshot of full filesystem..."'))).toEqual([
      { type: 'debug', message: '[extender (run)] Taking snapshot of full filesystem...' },
    ])
    expect(told(entry('debug', 'short'))).toEqual([{ type: 'debug', message: '[extender (run)] short' }])
  })

  it('shows warnings and errors, one event for each line', () => {
    expect(told(entry('warning', '"first\\nsecond"'))).toEqual([line('first'), line('second')])
    expect(told(entry('error', '"bad \\x1b quoting"'))).toEqual([line('"bad \\x1b quoting"')])
  })

  it('does not change the output of commands, or other events', () => {
    for (const text of ['plain', 'level=info msg=nothing', '']) expect(told(text)).toEqual([line(text)])
    expect(told(entry('info', 'x'), 'stdout')).toMatchObject([{ stream: 'stdout', line: entry('info', 'x') }])
    const events: CnbEvent[] = []
    withoutKanikoLog((event) => events.push(event))({ type: 'info', message: 'a' })
    expect(events).toEqual([{ type: 'info', message: 'a' }])
  })
})
