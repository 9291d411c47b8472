/** report.toml of a rebase (platform.md "report.toml"). */

import { join } from 'node:path'
import { CnbError } from '../base/errors.ts'
import { writeFileAtomically } from '../base/files.ts'
import { stringifyToml } from '../formats/toml.ts'

/**
 * Writes `<directory>/report.toml`, whole or not at all. The ID is without its algorithm, as the lifecycle writes it.
 * @throws CnbError CNB_OUTPUT
 */
export async function writeReport(directory: string, image: string, id: string): Promise<void> {
  const path = join(directory, 'report.toml')
  const report = { image: { tags: [image], 'image-id': id.replace(/^sha256:/, '') } }
  try {
    await writeFileAtomically(path, stringifyToml(report))
  } catch (error) {
    throw new CnbError('CNB_OUTPUT', `cannot write ${path}: ${(error as Error).message}`, {
      cause: error,
      hint: 'Choose a directory that can be written.',
    })
  }
}
