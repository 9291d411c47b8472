/** Creates the layer with a link to the launcher for each process type (lifecycle layers/launcher.go). */

import { makeTarLayer } from '../../../archive/tar/tar-layer.ts'
import type { TarEntry } from '../../../archive/tar/tar-writer.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Layer } from '../../../images/image.ts'
import { CONSTANT_MTIME } from '../../../oci/constant-time.ts'
import { rootDirectory } from './layer-entries.ts'

const FORBIDDEN = '/><:|&\\'

/**
 * Returns the layer, which has only directories without types.
 * @param types in the order of the build's metadata
 * @throws CnbError CNB_EXPORT_FAILED for a type that is empty or contains a forbidden character
 */
export async function processTypesLayer(types: readonly string[]): Promise<Layer> {
  const entries = [rootDirectory('/cnb'), rootDirectory('/cnb/process'), ...types.map(link)]
  return makeTarLayer(() => entries)
}

function link(type: string): TarEntry {
  if (type === '') throw new CnbError('CNB_EXPORT_FAILED', 'the type of a process is empty')
  if ([...FORBIDDEN].some((character) => type.includes(character)) || type.includes('\0')) {
    throw new CnbError('CNB_EXPORT_FAILED', `the process type ${JSON.stringify(type)} contains one of the forbidden characters ${FORBIDDEN}`)
  }
  const owner = { mode: 0o755, uid: 0, gid: 0, mtime: CONSTANT_MTIME }
  return { type: 'symlink', name: `/cnb/process/${type}`, linkname: '/cnb/lifecycle/launcher', ...owner }
}
