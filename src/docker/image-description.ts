/** An engine's description of an image. */

import { CnbError } from '../base/errors.ts'
import type { ContainerConfig } from '../oci/config.ts'
import { isDigest } from '../oci/digest.ts'
import type { EngineImage } from './engine.ts'
import { isRecord, numberOf, recordOf, stringMapOf, stringOf, stringsOf } from './reply.ts'

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
    config: configOf(reply.Config),
    diffIds,
    size: numberOf(reply.Size) ?? 0,
  }
}

/** Go writes what is empty as null; the fields that may not be null go. */
function configOf(value: unknown): ContainerConfig {
  const { Env, Labels, ExposedPorts, ...rest } = recordOf(value)
  return {
    ...rest,
    ...(Array.isArray(Env) ? { Env: stringsOf(Env) } : {}),
    ...(isRecord(Labels) ? { Labels: stringMapOf(Labels) } : {}),
    ...(isRecord(ExposedPorts) ? { ExposedPorts: ExposedPorts as Record<string, object> } : {}),
  }
}
