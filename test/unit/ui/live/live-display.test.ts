import { describe, expect, it } from 'vitest'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { Heartbeat, TerminalDisplay, type LiveDisplay } from '../../../../src/ui/live/live-display.ts'
import type { Spinner } from '../../../../src/ui/live/spinner.ts'
import { ManualClock, recordingTerminal, screenAfter } from '../recording-stream.ts'

function feed(activity: LiveDisplay, ...events: CnbEvent[]): void {
  for (const event of events) {
    activity.before(event)
    activity.after()
  }
}

const line = (text: string): CnbEvent => ({ type: 'phase.line', phase: 'builder', stream: 'stdout', line: text })

describe('Heartbeat', () => {
  function start() {
    const clock = new ManualClock()
    const told: string[] = []
    return { clock, told, heartbeat: new Heartbeat((text) => told.push(text), clock) }
  }

  it('prints the running task after every 30 s without output', () => {
    const { clock, told, heartbeat } = start()
    feed(heartbeat, { type: 'phase.start', phase: 'builder' })
    clock.advance(29_000)
    expect(told).toEqual([])
    clock.advance(1_000)
    clock.advance(30_000)
    expect(told).toEqual(['still building, for 30.0s', 'still building, for 1m 00s'])
  })

  it('restarts its timer after every line', () => {
    const { clock, told, heartbeat } = start()
    feed(heartbeat, { type: 'phase.start', phase: 'builder' })
    for (let time = 0; time < 120; time += 20) {
      clock.advance(20_000)
      feed(heartbeat, line('works'))
    }
    expect(told).toEqual([])
  })

  it('prints the progress of a pull', () => {
    const { clock, told, heartbeat } = start()
    feed(heartbeat, { type: 'pull.start', reference: 'big' })
    for (let time = 1; time <= 30; time++) {
      feed(heartbeat, { type: 'pull.progress', reference: 'big', layer: 'a', status: 'Downloading', current: time * 1e6, total: 1e8 })
      clock.advance(1_000)
    }
    expect(told).toEqual(['still pulling big (0 of 1 layers, 30.0 MB of 100.0 MB)'])
  })

  it('prints the bytes that a phase sent to registries', () => {
    const { clock, told, heartbeat } = start()
    feed(heartbeat, { type: 'upload.progress', to: 'r/app', bytes: 5e6 }, { type: 'phase.start', phase: 'exporter' })
    for (let time = 1; time <= 30; time++) {
      feed(heartbeat, { type: 'upload.progress', to: 'r/app', bytes: 1e6 })
      clock.advance(1_000)
    }
    expect(told).toEqual(['still exporting, for 30.0s, 30.0 MB sent'])
  })

  it('prints the progress of a step over many images', () => {
    const { clock, told, heartbeat } = start()
    const step = 'rebasing 40 images'
    feed(heartbeat, { type: 'step.start', step })
    for (let done = 1; done <= 30; done++) {
      feed(heartbeat, { type: 'image', step, done, failed: done > 20 ? 2 : 0, total: 40, report: { image: 'a', status: 'rebased', durationMs: 1 } })
      clock.advance(1_000)
    }
    expect(told).toEqual(['still rebasing 40 images, for 30.0s, 30 done, 2 failed'])
  })

  it('prints nothing if no task is running, or once stopped', () => {
    const { clock, told, heartbeat } = start()
    feed(heartbeat, { type: 'step.start', step: 'uploading' }, { type: 'step.end', step: 'uploading', durationMs: 1 })
    clock.advance(60_000)
    feed(heartbeat, { type: 'step.start', step: 'uploading' })
    heartbeat.stop()
    clock.advance(60_000)
    expect(told).toEqual([])
  })
})

describe('TerminalDisplay', () => {
  function start() {
    const clock = new ManualClock()
    const shown: string[] = []
    const spinner: Spinner = { show: (text) => shown.push(text), hide: () => shown.push('-') }
    const { terminal, stderr } = recordingTerminal({ isTTY: true, columns: 80, rows: 24 })
    return { clock, shown, stderr, live: new TerminalDisplay(terminal, spinner, clock) }
  }

  it('shows a spinner without output and hides it before each line', () => {
    const { clock, shown, live } = start()
    feed(live, { type: 'phase.start', phase: 'detector' })
    clock.advance(1_000)
    feed(live, line('found'))
    expect(shown).toEqual(['-', 'detecting', '-'])
  })

  it('does not flicker between lines in quick succession', () => {
    const { clock, shown, live } = start()
    feed(live, { type: 'phase.start', phase: 'builder' })
    for (let count = 0; count < 50; count++) {
      clock.advance(100)
      feed(live, line('x'))
    }
    expect(shown.filter((text) => text !== '-')).toEqual([])
  })

  it('shows the most recently started task, and the previous one after its end', () => {
    const { clock, shown, live } = start()
    feed(live, { type: 'phase.start', phase: 'exporter' }, { type: 'step.start', step: 'saving layers' })
    clock.advance(1_000)
    feed(live, { type: 'step.end', step: 'saving layers', durationMs: 1_000 })
    clock.advance(1_000)
    expect(shown.filter((text) => text !== '-')).toEqual(['saving layers', 'exporting'])
  })

  it('shows parallel pulls, and removes them at the end', () => {
    const { clock, shown, stderr, live } = start()
    const part = { layer: 'a', status: 'Downloading', current: 1e6, total: 4e6 }
    const progress = (reference: string): CnbEvent => ({ type: 'pull.progress', reference, ...part })
    feed(live, { type: 'pull.start', reference: 'one' }, { type: 'pull.start', reference: 'two' })
    clock.advance(1_000)
    feed(live, progress('one'))
    clock.advance(1_000)
    feed(live, progress('two'))
    expect(screenAfter(stderr.text).map((text) => text.slice(0, 11))).toEqual(['Pulling one', '  a        ', 'Pulling two', '  a        '])
    feed(live, { type: 'pull.end', reference: 'one', durationMs: 1 }, { type: 'pull.end', reference: 'two', durationMs: 1 })
    expect(screenAfter(stderr.text).filter((text) => text !== '')).toEqual([])
    expect(shown.filter((text) => text !== '-')).toEqual([])
  })

  it('redraws at most every 80 ms', () => {
    const { stderr, live } = start()
    feed(live, { type: 'pull.start', reference: 'one' })
    const before = stderr.text.length
    for (let count = 0; count < 100; count++) {
      feed(live, { type: 'pull.progress', reference: 'one', layer: 'a', status: 'Downloading', current: count, total: 100 })
    }
    expect(stderr.text.length).toBe(before)
  })
})
