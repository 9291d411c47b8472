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
])('keeps the exit code when %s ends with %i, and returns %s', (phase, exitCode, code) => {
  expect(phaseError(phase, exitCode, '')).toMatchObject({ code, exit: exitCode })
})

test("includes the phase's last error in the message", () => {
  expect(phaseError('exporter', 62, 'ERROR: process type banana not found').message).toContain('process type banana not found')
})

test.each([
  [20, 'failed to detect: no buildpacks participating', /no group of buildpacks fits/],
  [20, 'failed to read order: permission denied', /detection failed.*permission denied/],
  [21, 'a@1: exec: environment variable contains NUL', /the detection of a buildpack failed.*contains NUL/],
])('reports a detector that ends with %i and the error %j', (exitCode, words, message) => {
  const error = phaseError('detector', exitCode, words)
  expect(error).toMatchObject({ code: 'CNB_DETECT_FAILED', exit: exitCode, message: expect.stringMatching(message) as string })
})

test("returns CNB_ENGINE_DISK_FULL if the engine's disk is full", () => {
  expect(phaseError('exporter', 62, 'write /layers/x: no space left on device')).toMatchObject({ code: 'CNB_ENGINE_DISK_FULL' })
})

test("returns CNB_BUILDER_INVALID if the builder has no such build user", () => {
  const words = 'failed to set environment for user 1000660000: user: unknown userid 1000660000'
  expect(phaseError('creator', 1, words)).toMatchObject({ code: 'CNB_BUILDER_INVALID', exit: 1, hint: expect.stringContaining('--trust-builder') as string })
})
