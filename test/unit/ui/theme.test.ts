import { describe, expect, it } from 'vitest'
import { makeTheme, usesColor } from '../../../src/ui/theme.ts'

describe('usesColor', () => {
  it('colors only terminals by default', () => {
    expect(usesColor('auto', { env: {}, isTTY: true })).toBe(true)
    expect(usesColor('auto', { env: {}, isTTY: false })).toBe(false)
  })

  it.each([
    ['NO_COLOR', { NO_COLOR: '1' }, true, false],
    ['an empty NO_COLOR, which counts as unset', { NO_COLOR: '' }, true, true],
    ['CNB_NO_COLOR', { CNB_NO_COLOR: 'true' }, true, false],
    ['CNB_NO_COLOR=false', { CNB_NO_COLOR: 'false' }, true, true],
    ['NO_COLOR before FORCE_COLOR', { NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
    ['FORCE_COLOR off a terminal', { FORCE_COLOR: '1' }, false, true],
    ['an empty FORCE_COLOR', { FORCE_COLOR: '' }, false, true],
    ['FORCE_COLOR=0 on a terminal', { FORCE_COLOR: '0' }, true, false],
    ['FORCE_COLOR before TERM=dumb', { FORCE_COLOR: '1', TERM: 'dumb' }, false, true],
    ['TERM=dumb', { TERM: 'dumb' }, true, false],
    ["GitHub's log", { GITHUB_ACTIONS: 'true' }, false, true],
    ["NO_COLOR in GitHub's log", { GITHUB_ACTIONS: 'true', NO_COLOR: '1' }, false, false],
    ['CI on a terminal', { CI: '1' }, true, true],
  ])('obeys %s', (_, env: Record<string, string>, isTTY, expected) => {
    expect(usesColor('auto', { env, isTTY })).toBe(expected)
  })

  it('prefers the flag over the environment', () => {
    expect(usesColor('always', { env: { NO_COLOR: '1', TERM: 'dumb' }, isTTY: false })).toBe(true)
    expect(usesColor('never', { env: { FORCE_COLOR: '3' }, isTTY: true })).toBe(false)
  })
})

describe('makeTheme', () => {
  it('quotes names without color', () => {
    expect(makeTheme(false).name('my-app')).toBe("'my-app'")
    expect(makeTheme(false).error('ERROR:')).toBe('ERROR:')
  })

  it('ignores the environment of the process', () => {
    expect(makeTheme(true).name('my-app')).toBe('\u001b[36mmy-app\u001b[39m')
  })
})
