import { describe, expect, it } from 'vitest'
import { PullProgress } from '../../../../src/ui/live/pull-progress.ts'
import { visibleLength } from '../../../../src/ui/sanitize.ts'
import { makeTheme } from '../../../../src/ui/theme.ts'

const plain = makeTheme(false)

function halfway(): PullProgress {
  const pull = new PullProgress('registry.example/team/builder:1')
  pull.update('aaaaaaaaaaaa', 'Downloading', 5_000_000, 10_000_000)
  pull.update('bbbbbbbbbbbb', 'Downloading', 2_000_000, 2_000_000)
  pull.update('bbbbbbbbbbbb', 'Download complete')
  pull.update('bbbbbbbbbbbb', 'Extracting', 1_000_000, 2_000_000)
  pull.update('cccccccccccc', 'Already exists')
  return pull
}

describe('Pull', () => {
  it('adds up layers and bytes', () => {
    expect(halfway().summary()).toBe('1 of 3 layers, 7.0 MB of 12.0 MB')
    expect(new PullProgress('a').summary()).toBe('')
  })

  it('shows only active layers', () => {
    expect(halfway().lines(plain, 100, 10)).toEqual([
      'Pulling registry.example/team/builder:1  1 of 3 layers, 7.0 MB of 12.0 MB',
      '  aaaaaaaaaaaa  ━━━━━━━━━━──────────  downloading 5.0 MB of 10.0 MB',
      '  bbbbbbbbbbbb  ━━━━━━━━━━──────────  extracting 1.0 MB of 2.0 MB',
    ])
  })

  it.each([30, 50, 60, 80])('fits into %d columns, and keeps the end of a long name', (width) => {
    const lines = halfway().lines(plain, width, 10)
    expect(Math.max(...lines.map(visibleLength))).toBeLessThanOrEqual(width)
    if (width > 55) expect(lines[0]).toMatch(/builder:1 {2}1 of 3 layers/)
  })

  it('fits into the given height', () => {
    expect(halfway().lines(plain, 80, 2)).toHaveLength(2)
  })

  it('removes control sequences from messages of a registry', () => {
    const pull = new PullProgress('evil\u001b[2J')
    pull.update('id\u001b]0;x\u0007', 'Down\u001b[1Aloading', 1, 2)
    expect(pull.lines(plain, 80, 5).join('\n')).not.toContain('\u001b')
  })

  it('bounds the number of layers', () => {
    const pull = new PullProgress('a')
    for (let layer = 0; layer < 5000; layer++) pull.update(String(layer), 'Waiting')
    expect(pull.summary()).toBe('0 of 1000 layers')
  })
})
