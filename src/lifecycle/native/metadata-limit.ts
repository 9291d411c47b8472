/** Limits the metadata in `/layers`, which is read into memory and may come from a hostile buildpack. */

import { CnbError } from '../../base/errors.ts'

/** The maximum size of all TOML, SBOM and configuration files, in bytes. */
export const MAX_METADATA_BYTES = 64 * 1024 * 1024

interface MetadataFile {
  /** Relative to `/layers`, or absolute. */
  readonly path: string
  readonly size: number
}

/**
 * @param total the bytes of all files so far
 * @throws CnbError CNB_EXPORT_FAILED, with the path of the largest file, if the total exceeds the limit
 */
export function checkMetadataSize(total: number, largest: MetadataFile): void {
  if (total <= MAX_METADATA_BYTES) return
  const { path, size } = largest
  throw new CnbError(
    'CNB_EXPORT_FAILED',
    `cannot read the metadata in /layers: its files have more than ${MAX_METADATA_BYTES} bytes; the largest is '${path}' with ${size} bytes`,
    { hint: "Write large data into a layer's directory instead of TOML or SBOM files." },
  )
}

/** Checks the sizes and paths that the session script reports of large files. @throws CnbError as checkMetadataSize */
export function checkLargeFiles(data: Buffer): void {
  let total = 0
  let largest: MetadataFile = { path: '', size: 0 }
  for (const [, digits, path = ''] of data.toString('latin1').matchAll(/(?<=^|\0)(\d{1,15}) (?:\.\/)?([^\0]+)\0/g)) {
    const size = Number(digits)
    total += size
    if (size > largest.size) largest = { path: Buffer.from(path, 'latin1').toString(), size }
  }
  checkMetadataSize(total, largest)
}
