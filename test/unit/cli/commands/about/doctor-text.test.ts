import { expect, test } from 'vitest'
import { diagnosisSummary, diagnosisText } from '../../../../../src/cli/commands/about/doctor-text.ts'
import type { CheckResult } from '../../../../../src/operations/about/doctor/check.ts'
import { makeTheme } from '../../../../../src/ui/theme.ts'

const facts = { version: '1.2.3', node: 'v20', platform: 'linux/x64', engine: null }
const checks: CheckResult[] = [
  { check: 'engine', status: 'problem', found: 'cannot connect to a container engine at unix:///nowhere.sock', fix: 'Start Docker, or select another engine.' },
  { check: 'leftovers', status: 'skipped', found: 'no engine' },
  { check: 'directories', status: 'ok', found: '1.0 GB free in /tmp' },
  { check: 'directories', status: 'warning', found: 'cannot write to /cache\u001b[2J', fix: 'Set CNB_CACHE_DIR.' },
]

test('aligns the texts, with the conclusion last and each remedy below its finding', () => {
  expect(diagnosisText({ ...facts, canBuild: false, checks }, makeTheme(false))).toBe(`cnb 1.2.3, Node.js v20, linux/x64

  ✗ engine       cannot connect to a container engine at unix:///nowhere.sock
                 → Start Docker, or select another engine.
  - leftovers    not checked: no engine
  ✓ directories  1.0 GB free in /tmp
  !              cannot write to /cache
                 → Set CNB_CACHE_DIR.

A build would not work: 1 problem, 1 warning.`)
})

test('fits a narrow screen', () => {
  const lines = diagnosisText({ ...facts, canBuild: false, checks }, makeTheme(false, 40)).split('\n')
  expect(lines.slice(2, 8)).toEqual(['  ✗ engine', '    cannot connect to a container engine', '    at unix:///nowhere.sock', '    → Start Docker, or select another', '    engine.', '  - leftovers'])
  expect(lines.slice(9, 13)).toEqual(['  ✓ directories', '    1.0 GB free in /tmp', '  ! directories', '    cannot write to /cache'])
  expect(lines.filter((line) => line.length > 40 && !line.startsWith('A build'))).toEqual([])
})

test('concludes with the number of warnings', () => {
  expect(diagnosisSummary({ ...facts, canBuild: true, checks: checks.slice(1) })).toBe('A build would work (1 warning).')
  expect(diagnosisSummary({ ...facts, canBuild: true, checks: checks.slice(1, 3) })).toBe('A build would work.')
})
