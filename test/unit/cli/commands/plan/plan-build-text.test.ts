import { expect, test } from 'vitest'
import { detectedMarkdown, detectedText, headline } from '../../../../../src/cli/commands/plan/plan-build-text.ts'
import type { DetectedApp } from '../../../../../src/operations/build/detection/detect-app.ts'
import { makeTheme } from '../../../../../src/ui/theme.ts'

const DETECTED: DetectedApp = {
  app: '/app', platform: 'linux/amd64', platformApi: '0.15', lifecycle: '0.21.0', builder: { image: 'b', id: 'sha256:1', digests: [] }, runImage: { image: 'r', id: 'sha256:2', digests: [] },
  buildpacks: [{ id: 'a/x', version: '1' }], extensions: [], buildPlan: [{ name: 'node', providers: [{ id: 'a/x', version: '1' }], requires: [{ version: '20' }, {}] }],
  tried: [{ modules: [{ id: 'a/y', version: '1', result: 'fail', exitCode: 100 }] }, { modules: [{ id: 'a/x', version: '1', result: 'pass', exitCode: 0 }], reason: 'no viable' }],
  outputs: [{ module: 'a/y@1', lines: ['\u001b[2Jno file'], omitted: 3 }], decisions: [{ subject: { kind: 'run image', name: 'r' }, outcome: 'chosen', reason: 'the builder names it' }],
}

test('prints images, groups, outputs and plan, and the group last', () => {
  expect(detectedText({ ...DETECTED, extendedRunImage: { name: 'other', extend: true } }, makeTheme(false))).toBe(
    [
      '  App           /app',
      '  Builder       b',
      '  Builder ID    1',
      '  Run image     r (the builder names it)',
      '  Run image ID  2',
      '  Extended      other, with Dockerfiles',
      '  Platform      linux/amd64, Platform API 0.15, lifecycle 0.21.0',
      '',
      'Tried groups',
      '  GROUP  BUILDPACK  RESULT  REASON',
      '  1      a/y@1      fail    exit code 100',
      '  2      a/x@1      pass',
      '                    fail    no viable',
      '',
      'Output of a/y@1',
      '  no file',
      '  and 3 lines',
      '',
      'Build plan',
      '  DEPENDENCY  PROVIDED BY  VERSION',
      '  node        a/x@1        20',
      '',
      'Fits: a/x@1',
    ].join('\n'),
  )
})

test('says that no group fits', () => {
  expect(headline({ ...DETECTED, buildpacks: [] })).toBe('no group of buildpacks fits the app')
})

test('prints tables for a summary', () => {
  expect(detectedMarkdown(DETECTED)).toContain('| `1` | `a/y@1` | `fail` | `exit code 100` |')
})
