/** What a rebase takes and gives, wherever the image is. */

import { parseTag, type Tag } from '../../oci/reference.ts'

/** What `cnb rebase --output json` prints of one image. */
export interface RebaseResult {
  image: string
  id: string
  /** What --quiet prints: `name@digest`, or the image ID on a graph-driver engine; of a dry run in a registry what it would be. */
  reference: string
  runImage: string
  previousRunImage: string
  /** False when the app already stood on that run image; of a dry run, whether it would change. */
  changed: boolean
  /** Why it changes, in words. */
  reason?: string
  /** Of an index: its images. */
  platforms?: readonly { platform: string; digest: string; changed: boolean }[]
  durationMs: number
}

/** The name that a rebased image gets. @throws CnbError CNB_REFERENCE_INVALID for one with a digest, and an image ID */
export function parseTarget(name: string): Tag {
  return parseTag(name, 'Name the result by a tag, and the image to start from with --previous-image.')
}
