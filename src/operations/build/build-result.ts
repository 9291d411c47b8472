/** The result of `cnb build`. */

/** The JSON output of `cnb build`. */
export interface BuildResult {
  image: string
  tags: string[]
  /** The locations of the image: `engine`, `registry`, `oci:DIRECTORY`. */
  places: string[]
  /** The image ID on the engine; `repository@digest` if the image is not on the engine. */
  id: string
  /** The line that --quiet prints: `name@digest`, or the image ID on a graph-driver engine. */
  reference: string
  builder: string
  runImage: string
  platformApi: string
  buildpacks: { id: string; version: string }[]
  /** The image's processes; without a command, the image starts the default one. */
  processes: { type: string; default: boolean }[]
  phases: { phase: string; durationMs: number }[]
  durationMs: number
  /** True if --if-changed found the image, and nothing was built. */
  unchanged?: true
  /** With --if-changed: why the image was built, or was not. */
  reason?: string
  /** With several platforms: the image of each. `id` and `reference` of the result are those of the index. */
  images?: PlatformImage[]
}

/** One platform's image of an index. */
interface PlatformImage extends Pick<BuildResult, 'id' | 'reference' | 'runImage' | 'platformApi' | 'buildpacks' | 'processes' | 'phases' | 'durationMs'> {
  platform: string
}
