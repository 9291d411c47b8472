/** Source code in a directory of this machine, which is used without a copy. */

import { stat } from 'node:fs/promises'
import { CnbError } from '../base/errors.ts'
import type { LocalSource } from '../resources/kinds/parts.ts'
import type { FetchedSource, ResolvedLocal, SourceKind } from './source.ts'
import { findDirectory } from './sub-path.ts'

export const LOCAL_KIND: SourceKind<LocalSource, ResolvedLocal> = {
  async resolve({ path, subPath }) {
    await checkDirectory(path)
    await findDirectory(path, subPath, path)
    return { path, ...(subPath === undefined ? {} : { subPath }) }
  },
  async fetch({ path, subPath }): Promise<FetchedSource> {
    await checkDirectory(path)
    return { path: await findDirectory(path, subPath, path) }
  },
}

async function checkDirectory(path: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined)
  if (stats?.isDirectory()) return
  throw new CnbError('CNB_APP_INVALID', `cannot use the source ${path}: ${stats ? 'it is not a directory' : 'it does not exist'}`, { hint: 'Correct spec.source.local.path.' })
}
