/** An engine's description of an image. */

import { CnbError } from '../base/errors.ts'
import { numberOf, recordOf, stringOf, stringsOf } from '../base/foreign-json.ts'
import { isDigest } from '../oci/digest.ts'
import { readContainerConfig } from '../oci/read-config.ts'
import type { EngineImage } from './engine.ts'

/**
 * Reads what the inspect endpoint gives; on the containerd store an image for another platform may lack its configuration.
 * @throws CnbError CNB_IMAGE_INVALID when it has no ID, or layers that are not digests
 */
export function readDescription(reference: string, description: unknown): EngineImage {
  const reply = recordOf(description)
  const id = stringOf(reply.Id)
  const layers = stringsOf(recordOf(reply.RootFS).Layers)
  const diffIds = layers.filter(isDigest)
  if (id === undefined || diffIds.length !== layers.length) {
    throw new CnbError('CNB_IMAGE_INVALID', `the engine's description of ${reference} lacks its ID, or has layers without a digest`)
  }
  return {
    id,
    // The containerd store lists an image that was pulled by digest under a name with that digest.
    tags: stringsOf(reply.RepoTags).filter((tag) => !tag.includes('@')),
    repoDigests: stringsOf(reply.RepoDigests),
    platform: { os: stringOf(reply.Os) ?? '', architecture: stringOf(reply.Architecture) ?? '', variant: stringOf(reply.Variant) },
    osVersion: stringOf(reply.OsVersion),
    created: stringOf(reply.Created),
    author: stringOf(reply.Author),
    config: readContainerConfig(reply.Config),
    diffIds,
    size: numberOf(reply.Size) ?? 0,
  }
}
