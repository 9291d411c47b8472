/** Certificates that an option names. */

import { resolve } from 'node:path'
import { readBounded } from '../../base/bounded-file.ts'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Host } from '../services.ts'

/** The bundle of a whole operating system is a quarter of it. */
const MAX_BYTES = 1024 * 1024

/** The PEM files that `--ca-cert` names, with their names; they may be pipes. @throws CnbError CNB_USAGE */
export async function readCertificates(files: readonly string[], host: Host, { signal }: Context = {}): Promise<{ file: string; pem: Buffer }[]> {
  return Promise.all(
    files.map(async (file) => {
      const pem = await readBounded(resolve(host.cwd, file), { max: MAX_BYTES, pipes: true, signal }).catch((error: unknown) => {
        if (error instanceof CnbError) throw error
        throw new CnbError('CNB_USAGE', `--ca-cert '${file}' cannot be read: ${(error as Error).message}`, { cause: error })
      })
      return { file, pem }
    }),
  )
}
