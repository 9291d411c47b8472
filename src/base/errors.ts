/** The error type of `cnb`, the closed list of error codes, and the exit code of each. */

/**
 * Every error code that a user can see, with its exit code and meaning. docs/errors.md lists this table; a test compares the two.
 * Lifecycle phases have their own exit codes (platform.md "Lifecycle Interface", "Outputs"); the `exit` of a phase's code applies only
 * if the phase returned none.
 */
export const ERRORS = {
  CNB_USAGE: { exit: 2, meaning: 'The command line has an unknown flag, a missing argument or an invalid value.' },
  CNB_REFERENCE_INVALID: { exit: 2, meaning: 'An image name is not a valid reference.' },
  CNB_DESCRIPTOR_INVALID: { exit: 2, meaning: 'project.toml, builder.toml, buildpack.toml, config.toml or an env file is malformed; the message contains file, line and column.' },
  CNB_RESOURCE_INVALID: { exit: 2, meaning: 'A resource file is malformed, or a resource breaks a rule of its kind; the message contains file, line and column.' },
  CNB_UNSUPPORTED: { exit: 2, meaning: 'The request is valid but not supported by this version of cnb.' },
  CNB_ENGINE_UNREACHABLE: { exit: 125, meaning: 'No container engine responds at the selected address.' },
  CNB_ENGINE_DENIED: { exit: 125, meaning: "The engine's socket exists but this user has no permission to use it." },
  CNB_ENGINE_LOST: { exit: 125, meaning: 'The connection to the engine was lost during an operation.' },
  CNB_ENGINE_FAILED: { exit: 1, meaning: "The engine rejected an operation; the message contains the engine's own error." },
  CNB_ENGINE_DISK_FULL: { exit: 1, meaning: 'The engine has no disk space left.' },
  CNB_ENGINE_SOCKET: { exit: 1, meaning: "The engine's socket cannot be mounted into the lifecycle's phases (see --docker-host)." },
  CNB_REGISTRY_UNREACHABLE: { exit: 1, meaning: 'A registry does not respond, or its certificate is not trusted.' },
  CNB_REGISTRY_DENIED: { exit: 1, meaning: 'A registry denies access: log in, or use another account.' },
  CNB_REGISTRY_FAILED: { exit: 1, meaning: "A registry rejected an operation, or its response is invalid; the message contains the registry's own error." },
  CNB_DOWNLOAD_FAILED: { exit: 1, meaning: 'A file or a buildpack registry could not be downloaded, or its content is not the expected one.' },
  CNB_SOURCE_FAILED: { exit: 1, meaning: 'The source code of an image cannot be read from its git server, or its revision does not exist.' },
  CNB_IMAGE_NOT_FOUND: { exit: 1, meaning: 'An image is neither on the engine nor in its registry.' },
  CNB_IMAGE_INVALID: { exit: 1, meaning: 'An image lacks required metadata, or its metadata cannot be read.' },
  CNB_SBOM_INVALID: { exit: 1, meaning: 'A software bill of materials is malformed, in an unknown format, or larger than the limits.' },
  CNB_PULL_FAILED: { exit: 1, meaning: 'The engine could not pull an image.' },
  CNB_PLATFORM_MISMATCH: { exit: 1, meaning: 'An image is for another operating system or architecture than the one needed.' },
  CNB_BUILDER_INVALID: { exit: 1, meaning: 'The image is not a builder, or its labels or environment are malformed.' },
  CNB_PLATFORM_API: { exit: 11, meaning: 'The builder and cnb have no Platform API version in common.' },
  CNB_RUN_IMAGE_INVALID: { exit: 1, meaning: 'The run image cannot be used as a base for the app.' },
  CNB_APP_INVALID: { exit: 1, meaning: 'The app is missing, is neither a directory nor a zip archive, or contains an unsupported file.' },
  CNB_APP_CHANGED: { exit: 1, meaning: 'A file changed while it was being read; build again once no other program writes to the app.' },
  CNB_BUILDPACK_NOT_FOUND: { exit: 1, meaning: 'A buildpack is neither in the builder nor at the specified path.' },
  CNB_BUILDPACK_INVALID: { exit: 1, meaning: 'A buildpack lacks a file, or the lifecycle does not support its Buildpack API.' },
  CNB_LIFECYCLE_INVALID: { exit: 1, meaning: 'The lifecycle passed to `builder create` lacks a binary or its descriptor.' },
  CNB_DETECT_FAILED: { exit: 20, meaning: 'No group of buildpacks passed detection (20), or a buildpack failed during detection (21).' },
  CNB_ANALYZE_FAILED: { exit: 32, meaning: 'The analyze phase failed.' },
  CNB_RESTORE_FAILED: { exit: 42, meaning: 'The restore phase failed.' },
  CNB_BUILD_FAILED: { exit: 51, meaning: "A buildpack's build failed (51), or the build phase failed." },
  CNB_EXPORT_FAILED: { exit: 62, meaning: 'The export phase failed.' },
  CNB_PHASE_FAILED: { exit: 1, meaning: 'A phase failed with an exit code that the specification does not define.' },
  CNB_NOT_REBASABLE: { exit: 72, meaning: 'The rebase was refused; the message states the rule, and whether --force overrides it.' },
  CNB_STATE_INVALID: { exit: 1, meaning: 'A file of the state directory cannot be read, or the directory has something else; the message names it.' },
  CNB_STATE_CHANGED: { exit: 1, meaning: 'Another process changed a resource or took over the state meanwhile.' },
  CNB_NOT_READY: { exit: 1, meaning: 'A resource is not ready: an image could not be built, or something that it needs is missing.' },
  CNB_SIGNING_FAILED: { exit: 1, meaning: 'A signing key of a Secret cannot be read, or an image has more signatures than cosign reads.' },
  CNB_RESOURCE_NOT_FOUND: { exit: 1, meaning: 'The state has no resource of that kind, namespace and name.' },
  CNB_OUTPUT: { exit: 1, meaning: 'A result could not be written to disk.' },
  CNB_INTERRUPTED: { exit: 130, meaning: 'The run was interrupted (130), or terminated (143).' },
  CNB_INTERNAL: { exit: 1, meaning: 'A defect in cnb; run again with --verbose and report it.' },
} as const

export type ErrorCode = keyof typeof ERRORS

/** A position in a file that is invalid; `line` and `column` count from 1. */
export interface SourcePosition {
  file: string
  line?: number
  column?: number
}

export interface CnbErrorOptions {
  /** The remedy, as one imperative sentence. */
  hint?: string
  /** Overrides the code's exit code, for example with a phase's own. */
  exit?: number
  position?: SourcePosition
  /** The text of the position's line; absent if the file may contain secrets. */
  source?: string | undefined
  cause?: unknown
}

/**
 * The error type that reaches users. `message` says what failed and quotes the engine, registry or system, `hint` says what to do,
 * `code` identifies the failure for programs. Only reporters print it.
 */
export class CnbError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly exit: number
  readonly position: SourcePosition | undefined
  /** The text of the position's line; shown to people, left out of JSON. */
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

  /** Returns the same failure with a more specific message; this error becomes its cause. */
  withMessage(message: string): CnbError {
    const { code, hint, exit, position, source } = this
    return new CnbError(code, message, { hint, exit, position, source, cause: this })
  }

  /** Returns the same error without the source line, for files that may contain secrets. */
  withoutSource(): CnbError {
    const { code, message, hint, exit, position, cause } = this
    return new CnbError(code, message, { hint, exit, position, cause })
  }

  /** Returns the fields that JSON output shows; undefined fields are omitted. */
  toJSON(): object {
    const { code, message, hint, exit, position } = this
    return { code, message, hint, exit, position }
  }
}

/** Converts any thrown value to a CnbError: returns a CnbError unchanged, wraps others in CNB_INTERNAL. */
export function toCnbError(thrown: unknown): CnbError {
  if (thrown instanceof CnbError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new CnbError('CNB_INTERNAL', message, { cause: thrown, hint: 'Run again with --verbose and report the output.' })
}

/** Returns the error to throw after an abort: the signal's reason if it is a CnbError, otherwise CNB_INTERRUPTED. */
export function abortError(signal: AbortSignal): CnbError {
  const reason: unknown = signal.reason
  return reason instanceof CnbError ? reason : new CnbError('CNB_INTERRUPTED', 'interrupted', { cause: reason })
}

/** Throws when `signal` is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal)
}
