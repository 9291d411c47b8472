/** Small JSON values by kind and key, each in a file that is replaced atomically. */

import { lstat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { readBounded } from '../../base/bounded-file.ts'
import { writeFileAtomically } from '../../base/files.ts'
import { digestOf, hexOf } from '../../oci/digest.ts'
import { cannotWrite } from './unfinished-file.ts'

const MAX_BYTES = 64 * 1024
/** In milliseconds. A fact that was marked as used in this time is not marked again: an unchanged builder reads a hundred facts. */
const MARKED = 60_000

export class Facts {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Returns the value, and marks it as used; undefined for a missing, damaged or renamed file, or one of another user. */
  async read(kind: string, key: string): Promise<unknown> {
    const path = this.pathOf(kind, key)
    try {
      const stats = await lstat(path)
      const own = process.getuid?.() ?? stats.uid
      if (!stats.isFile() || stats.uid !== own) return undefined
      const fact = JSON.parse((await readBounded(path, { max: MAX_BYTES })).toString()) as { key?: unknown; value?: unknown } | null
      if (fact?.key !== nameOf(key)) return undefined
      const now = new Date()
      if (now.getTime() - stats.mtimeMs > MARKED) await utimes(path, now, now).catch(() => {})
      return fact.value
    } catch {
      return undefined
    }
  }

  /** @throws CnbError CNB_OUTPUT */
  async write(kind: string, key: string, value: unknown): Promise<void> {
    const path = this.pathOf(kind, key)
    await writeFileAtomically(path, JSON.stringify({ key: nameOf(key), value }), 0o600).catch((error: unknown) => cannotWrite(path, error))
  }

  /** Returns the path of a fact's file. */
  pathOf(kind: string, key: string): string {
    return join(this.#folder, kind, `${nameOf(key)}.json`)
  }
}

/** A key can be longer than a file's name, and it may contain a token: only its digest is stored. */
function nameOf(key: string): string {
  return hexOf(digestOf(key))
}
