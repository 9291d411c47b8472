/** The error of a connection through `ssh`. Its file loads no code that starts processes. */

/** A failure of `ssh`, with its output; `established` if the engine had replied before. */
export class SshError extends Error {
  readonly established: boolean
  readonly hint: string

  constructor(message: string, established: boolean, hint = "Check that 'ssh' to that host runs 'docker version' without a prompt.") {
    super(message)
    this.established = established
    this.hint = hint
  }
}
