/** Chooses one platform's image from an index, also through nested indexes. */

import { CnbError } from '../../base/errors.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import type { Digest } from '../../oci/digest.ts'
import { isIndex, readIndex } from '../../oci/manifest.ts'
import { isIndexType } from '../../oci/media-types.ts'
import { formatPlatform, type Platform, platformMatches } from '../../oci/platform.ts'

/** BuildKit's annotation of an entry that describes another entry. */
const REFERENCE_TYPE = 'vnd.docker.reference.type'
/** The levels of indexes in an index. Real ones have at most one. */
const MAX_LEVELS = 3
/** The documents of one index: nested indexes could multiply on each level. */
const MAX_DOCUMENTS = 1000

/** The documents that were read from one index, with a limit. */
export class IndexDocuments {
  readonly #name: string
  #count = 0

  /** @param name the index's name in errors */
  constructor(name: string) {
    this.#name = name
  }

  /** Counts a document before it is read. @throws CnbError CNB_IMAGE_INVALID if it is one too many, or in too many indexes */
  count(level: number): void {
    if (level > MAX_LEVELS) throw new CnbError('CNB_IMAGE_INVALID', `the index ${this.#name} has indexes in more than ${MAX_LEVELS} levels`)
    if (++this.#count > MAX_DOCUMENTS) throw new CnbError('CNB_IMAGE_INVALID', `the index ${this.#name} and the indexes in it list more than ${MAX_DOCUMENTS} manifests`)
  }
}

/** Returns whether an index entry is an image or an index of images, and not an attestation. */
export function isImageEntry({ platform, annotations, artifactType }: Descriptor): boolean {
  return platform?.os !== 'unknown' && annotations?.[REFERENCE_TYPE] === undefined && artifactType === undefined
}

interface ListedDocument {
  readonly descriptor: Descriptor
  readonly content: Buffer
}

/**
 * Returns the manifest of the index's first image for the platform. As in containerd, nested indexes are searched if their entry has the
 * platform or none; entries for the platform come first.
 * @param read reads a document of the same repository or layout
 * @param name the index's name in errors
 * @throws CnbError CNB_PLATFORM_MISMATCH without such an image, CNB_IMAGE_INVALID for a missing document or too many nested indexes
 */
export async function chooseImage<T extends ListedDocument>(index: T, read: (digest: Digest) => Promise<T | undefined>, platform: Platform, name: string): Promise<T> {
  const documents = new IndexDocuments(name)
  const seen = new Set<Digest>()
  const known = new Set<string>()
  const search = async ({ content }: T, level: number): Promise<T | undefined> => {
    const entries = readIndex(content, name).filter(isImageEntry)
    for (const entry of entries) if (entry.platform) known.add(formatPlatform(entry.platform))
    const matching = entries.filter((entry) => entry.platform && platformMatches(entry.platform, platform))
    const nested = entries.filter((entry) => !entry.platform && isIndexType(entry.mediaType))
    for (const { digest } of [...matching, ...nested]) {
      if (seen.has(digest)) continue
      seen.add(digest)
      documents.count(level)
      const document = await read(digest)
      if (!document) throw new CnbError('CNB_IMAGE_INVALID', `the index ${name} lists ${digest}, which does not exist`)
      if (!isIndex(document.descriptor.mediaType, document.content, name)) return document
      const found = await search(document, level + 1)
      if (found) return found
    }
    return undefined
  }
  const found = await search(index, 0)
  if (found) return found
  throw new CnbError('CNB_PLATFORM_MISMATCH', `the index ${name} has no image for ${formatPlatform(platform)}`, {
    hint: known.size > 0 ? `Use --platform, if the command has it, with one of: ${[...known].join(', ')}.` : 'Use an image for that platform.',
  })
}
