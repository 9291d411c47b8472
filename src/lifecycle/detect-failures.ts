/** Why a buildpack could not detect, read from what the detector prints (lifecycle phase/detector.go, `Resolve`). */

const HEADING = /^======== (\w+)(?:: (.*))? ========$/
const RESULT = /^err: {2}(\S+)/
const MAX_REASON = 2000

/** Takes the detector's output line by line. */
export class DetectFailures {
  /** The first report of each buildpack: an error of its start, or else what it printed. */
  readonly #reports = new Map<string, string>()
  #buildpack: string | undefined
  #failed: string | undefined

  /** @param line without colours */
  add(line: string): void {
    const [heading, kind, buildpack] = HEADING.exec(line) ?? []
    if (heading !== undefined) {
      const isNew = kind === 'Error' || (kind === 'Output' && !this.#reports.has(buildpack ?? ''))
      this.#buildpack = isNew ? buildpack : undefined
      if (this.#buildpack !== undefined) this.#reports.set(this.#buildpack, '')
      return
    }
    this.#failed ??= RESULT.exec(line)?.[1]
    if (this.#buildpack === undefined) return
    const words = this.#reports.get(this.#buildpack) ?? ''
    this.#reports.set(this.#buildpack, `${words} ${line}`.trim().slice(0, MAX_REASON))
  }

  /** The first buildpack that failed and why; empty where none did, or the detector did not say. */
  get reason(): string {
    const words = this.#failed === undefined ? undefined : this.#reports.get(this.#failed)
    return words ? `${this.#failed}: ${words}` : ''
  }
}
