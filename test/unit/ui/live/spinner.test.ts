import { describe, expect, it } from 'vitest'
import { makeSpinner } from '../../../../src/ui/live/spinner.ts'
import { recordingStream } from '../recording-stream.ts'

/** The stream properties that ora uses. */
function screen(columns: number | undefined) {
  const stream = recordingStream({ isTTY: true, columns, rows: 24 })
  return Object.assign(stream, {
    cursorTo: () => true,
    moveCursor: () => true,
    clearLine: () => true,
    once: () => stream,
    removeListener: () => stream,
  })
}

describe('makeSpinner', () => {
  it('shows the task and its duration', async () => {
    const stream = screen(80)
    const spinner = await makeSpinner(stream, false)
    spinner.show('building', () => '3.0s')
    spinner.hide()
    expect(stream.text).toMatch(/building 3\.0s/)
  })

  it('writes nothing to a terminal of unknown width', async () => {
    const stream = screen(undefined)
    const spinner = await makeSpinner(stream, false)
    spinner.show('building', () => '')
    spinner.hide()
    expect(stream.text).toBe('')
  })
})
