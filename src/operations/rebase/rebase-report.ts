/** report.toml of a rebase (platform.md "report.toml"). */

import { join } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import { writeFileAtomically } from '../../base/files.ts'
import { stringifyToml } from '../../formats/toml.ts'
import type { Digest } from '../../oci/digest.ts'

/** An image as the report has it: by its ID on an engine, by its manifest in a registry. */
export interface ReportedImage {
  readonly tags: readonly string[]
  readonly id?: string
  /** The digest is a registry's; an engine has images without one. */
  readonly manifest: { readonly digest?: Digest; readonly size: number }
}

/**
 * Writes `<directory>/report.toml`, whole or not at all. The ID is without its algorithm, as the lifecycle writes it.
 * @throws CnbError CNB_OUTPUT
 */
export async function writeReport(directory: string, { tags, id, manifest }: ReportedImage): Promise<void> {
  const path = join(directory, 'report.toml')
  const image = {
    tags: [...tags],
    ...(id === undefined ? {} : { 'image-id': id.replace(/^sha256:/, '') }),
    ...(manifest.digest === undefined ? {} : { digest: manifest.digest }),
    'manifest-size': manifest.size,
  }
  try {
    await writeFileAtomically(path, stringifyToml({ image }))
  } catch (error) {
    throw new CnbError('CNB_OUTPUT', `cannot write ${path}: ${(error as Error).message}`, {
      cause: error,
      hint: 'Choose a directory that can be written.',
    })
  }
}
