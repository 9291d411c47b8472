import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recordingTerminal, screenAfter } from './recording-stream.ts'

describe('Terminal', () => {
  it('writes results to stdout and messages to stderr', () => {
    const { terminal, stdout, stderr } = recordingTerminal()
    terminal.tell('talk')
    terminal.print('result')
    expect([stdout.text, stderr.text]).toEqual(['result\n', 'talk\n'])
  })

  it('keeps live lines below all messages', () => {
    const { terminal, stderr } = recordingTerminal({ isTTY: true, columns: 20, rows: 10 })
    terminal.live(['bar 1', 'bar 2'])
    terminal.tell('said')
    terminal.live(['bar 3'])
    expect(screenAfter(stderr.text)).toEqual(['said', 'bar 3'])
    terminal.live([])
    expect(screenAfter(stderr.text)).toEqual(['said'])
  })

  it('never loses a line, in any mix of messages and live lines', () => {
    const step = fc.oneof(
      fc.record({ tell: fc.stringMatching(/^[a-z]{1,8}$/) }),
      fc.record({ live: fc.array(fc.stringMatching(/^[A-Z]{1,8}$/), { maxLength: 4 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const { terminal, stderr } = recordingTerminal({ isTTY: true, columns: 20, rows: 10 })
        const said: string[] = []
        let moving: string[] = []
        for (const one of steps) {
          if ('tell' in one) {
            terminal.tell(one.tell)
            said.push(one.tell)
          } else {
            terminal.live(one.live)
            moving = one.live
          }
        }
        expect(screenAfter(stderr.text).filter((line, index) => line !== '' || index < said.length)).toEqual([...said, ...moving])
      }),
    )
  })

  it('erases all rows of a line that wrapped in a narrower window', () => {
    const { terminal, stderr } = recordingTerminal({ isTTY: true, columns: 20, rows: 10 })
    terminal.live(['0123456789012345'])
    stderr.text = ''
    stderr.columns = 8
    terminal.live([])
    expect(stderr.text).toBe(`\r\u001b[2K${'\u001b[1A\u001b[2K'.repeat(2)}`)
  })

  it('erases an echoed ^C below the live lines, and returns to the first column', () => {
    const { terminal, stderr } = recordingTerminal({ isTTY: true, columns: 20, rows: 10 })
    terminal.live(['bar'])
    stderr.write('^C')
    terminal.tell('stopping')
    terminal.live([])
    expect(screenAfter(stderr.text)).toEqual(['stopping'])
    expect(stderr.text).toContain('^C\r')
  })

  it('removes live lines before a result', () => {
    const { terminal, stderr } = recordingTerminal({ isTTY: true, columns: 20, rows: 10 })
    terminal.live(['bar'])
    terminal.print('result')
    expect(screenAfter(stderr.text)).toEqual([])
  })

  it.each([
    ['a pipe', {}, {}, false],
    ['a terminal', { isTTY: true, columns: 80 }, {}, true],
    ['a terminal of unknown width', { isTTY: true }, {}, false],
    ['a terminal in CI', { isTTY: true, columns: 80 }, { CI: 'true' }, false],
    ['a dumb terminal', { isTTY: true, columns: 80 }, { TERM: 'dumb' }, false],
  ])('decides whether %s is animated', (_, screen, env, animated) => {
    expect(recordingTerminal(screen, env).terminal.animated).toBe(animated)
  })
})
