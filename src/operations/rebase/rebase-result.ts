/** Target name and result of a rebase, on the engine and in registries. */

import { parseTag, type Tag } from '../../oci/reference.ts'

/** The JSON output of `cnb rebase` for one image. */
export interface RebaseResult {
  image: string
  id: string
  /** The line that --quiet prints: `name@digest`, or the image ID on a graph-driver engine. In a registry's dry run, the expected value. */
  reference: string
  runImage: string
  previousRunImage: string
  /** False if the app already uses that run image. In a dry run, whether the image would change. */
  changed: boolean
  /** The reason for the change, as text. */
  reason?: string
  /** The images of an index. */
  platforms?: readonly { platform: string; digest: string; changed: boolean }[]
  durationMs: number
}

/** Parses the name of the rebased image. @throws CnbError CNB_REFERENCE_INVALID for a name with a digest and for an image ID */
export function parseTarget(name: string): Tag {
  return parseTag(name, 'Use a tag for the result, and specify the source image with --previous-image.')
}
