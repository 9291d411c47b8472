/** Writer of the report.toml of a rebase (platform.md "report.toml"). */

import { join } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import { writeFileAtomically } from '../../base/files.ts'
import { stringifyToml } from '../../formats/toml.ts'
import type { Digest } from '../../oci/digest.ts'

/** The image of a report: with its ID on an engine, with its manifest's digest in a registry. */
export interface ReportedImage {
  readonly tags: readonly string[]
  readonly id?: string
  /** The digest is present only for an image in a registry. */
  readonly manifest: { readonly digest?: Digest; readonly size: number }
}

/**
 * Writes `<directory>/report.toml` atomically. The ID has no `sha256:` prefix, as in the lifecycle's reports.
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
      hint: 'Choose a writable directory.',
    })
  }
}
