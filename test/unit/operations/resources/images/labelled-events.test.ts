import { expect, test } from 'vitest'
import type { CnbEvent } from '../../../../../src/base/events.ts'
import { labelledEvents } from '../../../../../src/operations/resources/images/labelled-events.ts'

test('names the image in every line of builds at the same time', () => {
  const seen: CnbEvent[] = []
  const events = labelledEvents('dev/shop', (event) => seen.push(event))
  events?.({ type: 'phase.start', phase: 'detector' })
  events?.({ type: 'phase.line', phase: 'detector', stream: 'stdout', line: 'acme/go 1.0' })
  events?.({ type: 'phase.end', phase: 'detector', durationMs: 1, exitCode: 0 })
  events?.({ type: 'step.start', step: 'uploading the app' })
  events?.({ type: 'warning', message: 'old' })
  events?.({ type: 'pull.start', reference: 'r' })
  expect(seen).toEqual([
    { type: 'info', message: '[dev/shop] ===> DETECT' },
    { type: 'info', message: '[dev/shop] acme/go 1.0' },
    { type: 'step.start', step: 'uploading the app (dev/shop)' },
    { type: 'warning', message: '[dev/shop] old' },
    { type: 'pull.start', reference: 'r' },
  ])
  expect(labelledEvents('dev/shop', undefined)).toBeUndefined()
})
