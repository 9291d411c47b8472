/** The layer with a link to the launcher for each process type (the lifecycle's layers/launcher.go). */

import { makeTarLayer } from '../../../archive/tar/tar-layer.ts'
import type { TarEntry } from '../../../archive/tar/tar-writer.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Layer } from '../../../images/image.ts'
import { CONSTANT_MTIME } from '../../../oci/constant-time.ts'
import { rootDirectory } from './layer-entries.ts'

const FORBIDDEN = '/><:|&\\'

/**
 * `types` in the order of the build's metadata; the layer is made even of none.
 * @throws CnbError CNB_EXPORT_FAILED for a type that is empty or has a character that a type must not have
 */
export async function processTypesLayer(types: readonly string[]): Promise<Layer> {
  const entries = [rootDirectory('/cnb'), rootDirectory('/cnb/process'), ...types.map(link)]
  return makeTarLayer(() => entries)
}

function link(type: string): TarEntry {
  if (type === '') throw new CnbError('CNB_EXPORT_FAILED', 'a process has no type')
  if ([...FORBIDDEN].some((character) => type.includes(character)) || type.includes('\0')) {
    throw new CnbError('CNB_EXPORT_FAILED', `the process type ${JSON.stringify(type)} has one of the characters ${FORBIDDEN}`)
  }
  const owner = { mode: 0o755, uid: 0, gid: 0, mtime: CONSTANT_MTIME }
  return { type: 'symlink', name: `/cnb/process/${type}`, linkname: '/cnb/lifecycle/launcher', ...owner }
}
