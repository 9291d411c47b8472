/** How `cnb` fails: one error type, a closed list of codes, and the exit code that each maps to. */

/**
 * Every code that a user can meet, with the exit code it gives and what it means. docs/errors.md lists this table; a test
 * keeps the two the same. Lifecycle phases keep their own exit codes (platform.md "Lifecycle Interface", "Outputs"), so the
 * `exit` of a phase's code is only the fallback for when the phase gave none.
 */
export const ERRORS = {
  CNB_USAGE: { exit: 2, meaning: 'The command line is wrong: an unknown flag, a missing argument, a bad value.' },
  CNB_REFERENCE_INVALID: { exit: 2, meaning: 'An image name is not a valid reference.' },
  CNB_DESCRIPTOR_INVALID: { exit: 2, meaning: 'project.toml, builder.toml, buildpack.toml, config.toml or an env file is malformed; the message has file, line and column.' },
  CNB_UNSUPPORTED: { exit: 2, meaning: 'The request is valid but this version of cnb cannot do it.' },
  CNB_ENGINE_UNREACHABLE: { exit: 125, meaning: 'No container engine answers at the address that was chosen.' },
  CNB_ENGINE_DENIED: { exit: 125, meaning: "The engine's socket is there but this user may not use it." },
  CNB_ENGINE_LOST: { exit: 125, meaning: 'The engine went away in the middle of the work.' },
  CNB_ENGINE_FAILED: { exit: 1, meaning: "The engine refused an operation; its own words are in the message." },
  CNB_ENGINE_DISK_FULL: { exit: 1, meaning: 'The engine has no disk space left.' },
  CNB_ENGINE_SOCKET: { exit: 1, meaning: "The engine's socket cannot be given to the lifecycle's phases (see --docker-host)." },
  CNB_REGISTRY_UNREACHABLE: { exit: 1, meaning: 'A registry does not answer, or its certificate is not trusted.' },
  CNB_REGISTRY_DENIED: { exit: 1, meaning: 'A registry refuses access: log in, or use another account.' },
  CNB_REGISTRY_FAILED: { exit: 1, meaning: 'A registry refused an operation, or its answer cannot be trusted; its own words are in the message.' },
  CNB_IMAGE_NOT_FOUND: { exit: 1, meaning: 'An image is neither on the engine nor in its registry.' },
  CNB_IMAGE_INVALID: { exit: 1, meaning: 'An image lacks what the operation needs, or its metadata cannot be read.' },
  CNB_PULL_FAILED: { exit: 1, meaning: 'The engine could not pull an image.' },
  CNB_PLATFORM_MISMATCH: { exit: 1, meaning: 'An image is for another operating system or architecture than the one needed.' },
  CNB_BUILDER_INVALID: { exit: 1, meaning: 'The image is not a builder, or its labels or environment are malformed.' },
  CNB_PLATFORM_API: { exit: 11, meaning: 'The builder and cnb have no Platform API version in common.' },
  CNB_RUN_IMAGE_INVALID: { exit: 1, meaning: 'The run image cannot be used as a base for the app.' },
  CNB_APP_INVALID: { exit: 1, meaning: 'The app is missing, is neither a directory nor a zip archive, or holds something that cannot be used.' },
  CNB_APP_CHANGED: { exit: 1, meaning: 'A file changed while it was being read; build again when it is quiet.' },
  CNB_BUILDPACK_NOT_FOUND: { exit: 1, meaning: 'A buildpack is neither in the builder nor at the path given.' },
  CNB_BUILDPACK_INVALID: { exit: 1, meaning: 'A buildpack lacks a file, or its API is not one that the lifecycle supports.' },
  CNB_LIFECYCLE_INVALID: { exit: 1, meaning: 'The lifecycle given to `builder create` lacks a binary or its descriptor.' },
  CNB_DETECT_FAILED: { exit: 20, meaning: 'No group of buildpacks fits the app (20), or a buildpack broke while detecting (21).' },
  CNB_ANALYZE_FAILED: { exit: 32, meaning: 'The analyze phase failed.' },
  CNB_RESTORE_FAILED: { exit: 42, meaning: 'The restore phase failed.' },
  CNB_BUILD_FAILED: { exit: 51, meaning: "A buildpack's build failed (51), or the build phase did." },
  CNB_EXPORT_FAILED: { exit: 62, meaning: 'The export phase failed.' },
  CNB_PHASE_FAILED: { exit: 1, meaning: 'A phase ended in a way that its exit code does not explain.' },
  CNB_NOT_REBASABLE: { exit: 72, meaning: 'The rebase was refused; the message names the rule, and whether --force overrides it.' },
  CNB_OUTPUT: { exit: 1, meaning: 'A result could not be written to the disk.' },
  CNB_INTERRUPTED: { exit: 130, meaning: 'The run was interrupted (130), or terminated (143).' },
  CNB_INTERNAL: { exit: 1, meaning: 'A defect in cnb; run again with --verbose and report it.' },
} as const

export type ErrorCode = keyof typeof ERRORS

/** Where in a file something is wrong; `line` and `column` count from 1. */
export interface SourcePosition {
  file: string
  line?: number
  column?: number
}

export interface CnbErrorOptions {
  /** What the user can do about it: a full sentence. */
  hint?: string
  /** Overrides the code's exit code, for a phase's own. */
  exit?: number
  position?: SourcePosition
  /** The text of the position's line. It is absent where it may not be shown. */
  source?: string | undefined
  cause?: unknown
}

/**
 * The one error that reaches users. `message` says what failed with the other side's own words, `hint` what to do,
 * `code` names it for machines. Thrown anywhere, printed only by the reporters.
 */
export class CnbError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly exit: number
  readonly position: SourcePosition | undefined
  /** The text of the position's line, which only people see. */
  readonly source: string | undefined

  constructor(code: ErrorCode, message: string, options: CnbErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'CnbError'
    this.code = code
    this.hint = options.hint
    this.exit = options.exit ?? ERRORS[code].exit
    this.position = options.position
    this.source = options.source
  }

  /** The same failure in words that say more, such as what else it concerns; this one is its cause. */
  withMessage(message: string): CnbError {
    const { code, hint, exit, position, source } = this
    return new CnbError(code, message, { hint, exit, position, source, cause: this })
  }

  /** The same error without the line that it is about, for a file whose content may not be shown. */
  withoutSource(): CnbError {
    const { code, message, hint, exit, position, cause } = this
    return new CnbError(code, message, { hint, exit, position, cause })
  }

  /** As machines read it; fields without a value are left out. */
  toJSON(): object {
    const { code, message, hint, exit, position } = this
    return { code, message, ...(hint === undefined ? {} : { hint }), exit, ...(position === undefined ? {} : { position }) }
  }
}

/** Any thrown value as a CnbError: itself, or CNB_INTERNAL around it. */
export function toCnbError(thrown: unknown): CnbError {
  if (thrown instanceof CnbError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new CnbError('CNB_INTERNAL', message, { cause: thrown, hint: 'Run again with --verbose and report what it prints.' })
}

/** The error that an aborted operation throws: the signal's reason when that is a CnbError. */
export function abortError(signal: AbortSignal): CnbError {
  const reason: unknown = signal.reason
  return reason instanceof CnbError ? reason : new CnbError('CNB_INTERRUPTED', 'interrupted', { cause: reason })
}

/** Throws when `signal` is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal)
}
