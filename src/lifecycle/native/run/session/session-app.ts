/** The exchange about a large app (session-script.ts, `receive`). */

import { MAX_APP_LISTING } from './session-script.ts'
import { dataOf, exitCodeOf, protocolError, type SessionLines } from './session-lines.ts'

/** The result of extracting an app. */
export interface PutApp {
  /** Whether all of it was extracted. */
  readonly isWhole: boolean
  /** The attributes of the files; empty for the state `once`, undefined if they exceed the limit. */
  readonly listing: Buffer | undefined
}

/** Writes to the script's input. */
export interface SessionInput {
  line(text: string): void
  /** @param paths one latin1 character for each byte */
  list(paths: readonly string[]): void
  bytes(piece: Buffer): Promise<void>
}

export class SessionApp {
  readonly #lines: SessionLines
  readonly #say: SessionInput

  constructor(lines: SessionLines, say: SessionInput) {
    this.#lines = lines
    this.#say = say
  }

  /**
   * Announces the app; its directory must exist.
   * @param state `once` and `new` require an empty directory; looks are taken for `new` and `kept`
   * @returns the looks of the directory's files, empty for `once`; undefined if the container's tar cannot be used
   */
  async open(directory: string, state: 'once' | 'new' | 'kept'): Promise<string | undefined> {
    for (const line of ['app', directory, state]) this.#say.line(line)
    const said = await this.#lines.reply()
    return said.words[0] === 'no' ? undefined : looksOf(dataOf(said, 'app'))
  }

  /** Uses the files that the directory has. */
  keep(): void {
    this.#say.line('keep')
  }

  /** Returns the attributes of the files that the directory has; undefined if they exceed the limit. */
  async list(): Promise<Buffer | undefined> {
    this.#say.line('list')
    return withinLimit(dataOf(await this.#lines.reply(), 'app'))
  }

  /**
   * Removes files that the directory has, and extracts a tar of the app at `/`.
   * @param removed paths relative to the directory, with one latin1 character for each byte; undefined for all
   * @returns whether the container's tar could extract all of it, and the new attributes; 'unclean' if a file cannot be removed
   */
  async put(directory: string, removed: readonly string[] | undefined, tar: AsyncIterable<Buffer>): Promise<PutApp | 'unclean'> {
    this.#say.line(removed ? 'some' : 'all')
    if (removed) this.#say.list(removed.map((path) => `${Buffer.from(directory).toString('latin1')}/${path}`))
    const { words } = await this.#lines.reply()
    if (words[0] === 'no') return 'unclean'
    if (words[0] !== 'ready') throw protocolError(words)
    for await (const piece of tar) {
      this.#say.line(String(piece.length))
      await this.#say.bytes(piece)
    }
    this.#say.line('0')
    const isWhole = exitCodeOf(await this.#lines.next(), 'app') === 0
    return { isWhole, listing: withinLimit(dataOf(await this.#lines.reply(), 'app')) }
  }
}

function withinLimit(listing: Buffer): Buffer | undefined {
  return listing.length < MAX_APP_LISTING ? listing : undefined
}

/** Reads the output of sha256sum. */
export function looksOf(data: Buffer): string {
  return /^[0-9a-f]{64}/.exec(data.toString('latin1'))?.[0] ?? ''
}
