/** Exit codes of the phases (specification, platform.md, the tables of each phase). */

import { CnbError, type ErrorCode } from '../base/errors.ts'

interface Meaning {
  from: number
  to: number
  code: ErrorCode
  what: string
  hint?: string
}

const NO_GROUP_HINT =
  "Show the builder's buildpacks with 'cnb builder inspect', check --path, or choose buildpacks with --buildpack."

const DETECTION: Meaning = { from: 22, to: 29, code: 'CNB_DETECT_FAILED', what: 'detection failed' }

/** The detector's message if buildpacks ran and no group passed; exit code 20 with another message is another failure. */
const NO_GROUP = /no buildpacks participating|no buildpack groups passed/i

/** The first range that contains the exit code applies. */
const MEANINGS: readonly Meaning[] = [
  { from: 11, to: 11, code: 'CNB_PLATFORM_API', what: "the builder's lifecycle refused the Platform API version" },
  { from: 12, to: 12, code: 'CNB_BUILDPACK_INVALID', what: "the builder's lifecycle does not support the Buildpack API of a buildpack" },
  { from: 20, to: 20, code: 'CNB_DETECT_FAILED', what: 'no group of buildpacks fits this app', hint: NO_GROUP_HINT },
  { from: 21, to: 21, code: 'CNB_DETECT_FAILED', what: 'the detection of a buildpack failed, and no other group fits this app', hint: 'Read the output of that buildpack above, or use --verbose to see the output of every detection.' },
  DETECTION,
  { from: 30, to: 39, code: 'CNB_ANALYZE_FAILED', what: 'analysis failed' },
  { from: 40, to: 49, code: 'CNB_RESTORE_FAILED', what: 'cannot restore the layers of earlier builds', hint: 'Repeat the build with --clear-cache: the usual cause is a damaged cache.' },
  { from: 51, to: 51, code: 'CNB_BUILD_FAILED', what: 'a buildpack failed to build the app', hint: "Read the buildpack's output above." },
  { from: 50, to: 59, code: 'CNB_BUILD_FAILED', what: 'the build phase failed' },
  { from: 60, to: 69, code: 'CNB_EXPORT_FAILED', what: 'cannot export the image' },
  { from: 91, to: 99, code: 'CNB_BUILD_FAILED', what: 'an image extension failed' },
  { from: 100, to: 109, code: 'CNB_BUILD_FAILED', what: "an image extension's Dockerfile could not be applied", hint: "Read the output of the Dockerfile's commands above." },
]

/**
 * Returns the error for a phase that ended with `exitCode`: not 0, or 128 + n for signal n.
 * @param errorOutput the last error that the phase printed: the only information about the cause
 */
export function phaseError(phase: string, exitCode: number, errorOutput: string): CnbError {
  const isOther = exitCode === 20 && errorOutput !== '' && !NO_GROUP.test(errorOutput)
  const meaning = isOther ? DETECTION : MEANINGS.find(({ from, to }) => exitCode >= from && exitCode <= to)
  const words = errorOutput === '' ? '' : `: ${errorOutput}`
  if (/no space left on device/i.test(errorOutput)) {
    return new CnbError('CNB_ENGINE_DISK_FULL', `${phase}: the engine's disk is full${words}`, {
      hint: "Free disk space; 'docker system df' shows its use, and 'docker system prune' removes unused data.",
      exit: exitCode,
    })
  }
  if (/unknown userid/.test(errorOutput)) {
    return new CnbError('CNB_BUILDER_INVALID', `${phase}: the builder's build user is not in its /etc/passwd${words}`, {
      hint: 'Leave out --trust-builder: phases in separate containers need no entry there.',
      exit: exitCode,
    })
  }
  if (meaning) {
    return new CnbError(meaning.code, `${phase}: ${meaning.what} (exit code ${exitCode})${words}`, { exit: exitCode, hint: meaning.hint })
  }
  const killed = exitCode === 137 ? '; it was killed: memory ran out, or its container was removed' : ''
  return new CnbError('CNB_PHASE_FAILED', `${phase} ended with exit code ${exitCode}${killed}${words}`, { exit: exitCode })
}
