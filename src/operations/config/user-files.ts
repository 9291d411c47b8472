/** Reader of the certificate files of --ca-cert. */

import { resolve } from 'node:path'
import { readBounded } from '../../base/bounded-file.ts'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Host } from '../services.ts'

/** Four times the size of an operating system's whole bundle. */
const MAX_BYTES = 1024 * 1024

/** Reads the PEM files of `--ca-cert`, which may be pipes. @throws CnbError CNB_USAGE */
export async function readCertificates(files: readonly string[], host: Host, { signal }: Context = {}): Promise<{ file: string; pem: Buffer }[]> {
  return Promise.all(
    files.map(async (file) => {
      const pem = await readBounded(resolve(host.cwd, file), { max: MAX_BYTES, pipes: true, signal }).catch((error: unknown) => {
        if (error instanceof CnbError) throw error
        throw new CnbError('CNB_USAGE', `cannot read --ca-cert '${file}': ${(error as Error).message}`, { cause: error })
      })
      return { file, pem }
    }),
  )
}
