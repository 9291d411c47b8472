/** A secret of a build: a file that exists only in the memory of containers that run buildpacks. */
export interface Secret {
  /** The name of its file. */
  readonly name: string
  readonly content: Buffer
}
