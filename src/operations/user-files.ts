/** Files that options name. */

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CnbError } from '../base/errors.ts'
import type { Host } from './services.ts'

/** The PEM files that `--ca-cert` names, with their names. @throws CnbError CNB_USAGE */
export async function readCertificates(files: readonly string[], host: Host): Promise<{ file: string; pem: Buffer }[]> {
  return Promise.all(files.map(async (file) => ({ file, pem: await readUserFile(file, '--ca-cert', host) })))
}

/** A file that an option names. @throws CnbError CNB_USAGE */
export async function readUserFile(file: string, flag: string, host: Host): Promise<Buffer> {
  try {
    return await readFile(resolve(host.cwd, file))
  } catch (error) {
    throw new CnbError('CNB_USAGE', `${flag} '${file}' cannot be read: ${(error as Error).message}`, { cause: error })
  }
}
