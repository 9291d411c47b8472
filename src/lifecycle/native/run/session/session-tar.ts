/** Tars that the container's tar makes: the engine's archives take 0.2 ms a file. */

import { PassThrough, type Readable } from 'node:stream'
import { CnbError, toCnbError } from '../../../../base/errors.ts'
import { dataOf, exitCodeOf, protocolError, type SessionLines } from './session-lines.ts'

/** The reason why the session sends none: words of the script, and states of the session. */
export type TarRefusal = 'tar' | 'access' | 'limit' | 'busy' | 'ended'

const BUFFER = 256 * 1024

export class SessionTar {
  readonly #lines: SessionLines
  readonly #say: (paths: readonly string[]) => void
  #receiver: PassThrough | undefined

  /** @param say sends a list of paths to the script */
  constructor(lines: SessionLines, say: (paths: readonly string[]) => void) {
    this.#lines = lines
    this.#say = say
  }

  /** The stream for the script's data, while a tar is read. */
  get receiver(): PassThrough | undefined {
    return this.#receiver
  }

  /**
   * Returns a tar of `name` in `directory`, or only the list of its entries (entry-list.ts), or the reason why not; a second tar is refused until the first ends. Code of the build may
   * have written all of it: a reader must check the entries (session-files.ts).
   * @throws CnbError CNB_PHASE_FAILED if the session breaks; the stream fails too, and with CNB_EXPORT_FAILED if tar fails
   */
  async read(directory: string, name: string, form: 'tar' | 'list'): Promise<Readable | TarRefusal> {
    if (this.#receiver) return 'busy'
    const tar = new PassThrough({ highWaterMark: BUFFER })
    // The reader receives its error; without a listener, an earlier error would end the process.
    tar.on('error', () => {})
    this.#receiver = tar
    try {
      this.#say(form === 'list' ? [directory, name, form] : [directory, name])
      const { words } = await this.#lines.reply()
      if (words[0] === 'tar') {
        void this.#finish(tar, `${directory === '/' ? '' : directory}/${name}`)
        return tar
      }
      this.#receiver = undefined
      if (words[0] === 'no' && (words[1] === 'tar' || words[1] === 'access' || words[1] === 'limit')) return words[1]
      throw protocolError(words)
    } catch (error) {
      this.#receiver = undefined
      throw error
    }
  }

  /** Waits for the end of the tar. If its reader left, the rest is discarded. */
  async #finish(tar: PassThrough, path: string): Promise<void> {
    try {
      dataOf(await this.#lines.next(), 'tar')
      const code = exitCodeOf(await this.#lines.next(), 'tar')
      if (code !== 0) throw new CnbError('CNB_EXPORT_FAILED', `cannot read ${path}: tar in the build container ended with exit code ${code}`)
      this.#receiver = undefined
      if (!tar.destroyed) tar.end()
    } catch (error) {
      this.#lines.fail(error)
      tar.destroy(toCnbError(error))
    }
  }
}
