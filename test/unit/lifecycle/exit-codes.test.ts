import { expect, test } from 'vitest'
import { phaseError } from '../../../src/lifecycle/exit-codes.ts'

test.each([
  ['detector', 20, 'CNB_DETECT_FAILED'],
  ['detector', 21, 'CNB_DETECT_FAILED'],
  ['detector', 22, 'CNB_DETECT_FAILED'],
  ['analyzer', 11, 'CNB_PLATFORM_API'],
  ['detector', 12, 'CNB_BUILDPACK_INVALID'],
  ['analyzer', 32, 'CNB_ANALYZE_FAILED'],
  ['restorer', 42, 'CNB_RESTORE_FAILED'],
  ['builder', 51, 'CNB_BUILD_FAILED'],
  ['builder', 52, 'CNB_BUILD_FAILED'],
  ['exporter', 62, 'CNB_EXPORT_FAILED'],
  ['exporter', 1, 'CNB_PHASE_FAILED'],
  ['builder', 137, 'CNB_PHASE_FAILED'],
])('%s ending with %i keeps its exit code and is %s', (phase, exitCode, code) => {
  expect(phaseError(phase, exitCode, '')).toMatchObject({ code, exit: exitCode })
})

test("a phase's last words are in the message", () => {
  expect(phaseError('exporter', 62, 'ERROR: process type banana not found').message).toContain('process type banana not found')
})

test.each([
  [20, 'failed to detect: no buildpacks participating', /no group of buildpacks fits/],
  [20, 'failed to read order: permission denied', /detection failed.*permission denied/],
  [21, 'a@1: exec: environment variable contains NUL', /a buildpack failed while detecting.*contains NUL/],
])('a detector that ends with %i and says %j is reported with its words', (exitCode, words, message) => {
  const error = phaseError('detector', exitCode, words)
  expect(error).toMatchObject({ code: 'CNB_DETECT_FAILED', exit: exitCode, message: expect.stringMatching(message) as string })
})

test('a full disk on the engine is named as what it is', () => {
  expect(phaseError('exporter', 62, 'write /layers/x: no space left on device')).toMatchObject({ code: 'CNB_ENGINE_DISK_FULL' })
})

test("a build user that the builder does not know is the builder's fault", () => {
  const words = 'failed to set environment for user 1000660000: user: unknown userid 1000660000'
  expect(phaseError('creator', 1, words)).toMatchObject({ code: 'CNB_BUILDER_INVALID', exit: 1, hint: expect.stringContaining('--trust-builder') as string })
})
