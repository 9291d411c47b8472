/** Reads the output of `docker save` (Docker image specification v1.2, "Combined Image JSON"). */

import { decompress } from '../../archive/decompress.ts'
import type { TarFile } from '../../archive/tar/tar-file.ts'
import { verified } from '../../archive/verified-stream.ts'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { recordsOf, stringOf, stringsOf } from '../../formats/lenient-values.ts'
import { digestOf, type Digest } from '../../oci/digest.ts'
import { readImageConfig } from '../../oci/read-config.ts'
import type { Image, Layer } from '../image.ts'

/** The file that lists the images of the archive. */
export const DOCKER_MANIFEST = 'manifest.json'

/**
 * Reads the only image of the archive. @param small reads a small file of the archive
 * @throws CnbError CNB_IMAGE_INVALID for an invalid archive, CNB_REFERENCE_INVALID for several images
 */
export async function readDockerArchive(tar: TarFile, small: (name: string) => Promise<Buffer | undefined>, { signal }: Context): Promise<Image> {
  const invalid = (why: string, cause?: unknown): CnbError => new CnbError('CNB_IMAGE_INVALID', `cannot read the archive '${tar.path}': ${why}`, { cause })
  const images = parseManifest((await small(DOCKER_MANIFEST)) ?? Buffer.alloc(0), invalid)
  const [image, ...others] = images
  if (!image) throw invalid('it contains no image')
  if (others.length > 0) {
    const names = images.flatMap(({ RepoTags }) => stringsOf(RepoTags)).join(', ')
    throw new CnbError('CNB_REFERENCE_INVALID', `the archive '${tar.path}' contains ${images.length} images: ${names}`, {
      hint: "Save a single image with 'docker save'.",
    })
  }
  signal?.throwIfAborted()
  const content = await small(stringOf(image.Config) ?? '')
  if (!content) throw invalid(`it lacks the configuration '${stringOf(image.Config) ?? ''}'`)
  const config = readImageConfig(content, `'${tar.path}'`)
  const files = stringsOf(image.Layers)
  if (files.length !== config.rootfs.diff_ids.length) throw invalid(`it has ${files.length} layers, but its configuration lists ${config.rootfs.diff_ids.length}`)
  const { os, architecture, variant } = config
  return {
    reference: tar.path,
    id: digestOf(content),
    repoDigests: [],
    platform: { os, architecture, variant: variant || undefined },
    config,
    labels: config.config.Labels ?? {},
    layers: config.rootfs.diff_ids.map((diffId, index) => archivedLayer(tar, files[index]!, diffId, invalid)),
  }
}

function parseManifest(content: Buffer, invalid: (why: string, cause?: unknown) => CnbError): Record<string, unknown>[] {
  try {
    return recordsOf(JSON.parse(content.toString()))
  } catch (error) {
    throw invalid(`${DOCKER_MANIFEST} is not JSON: ${(error as Error).message}`, error)
  }
}

function archivedLayer(tar: TarFile, name: string, diffId: Digest, invalid: (why: string) => CnbError): Layer {
  return {
    diffId,
    open: async (signal) => {
      const plain = await decompress(await tar.open(name, signal), { source: `${name} of '${tar.path}'`, invalid: 'CNB_IMAGE_INVALID' })
      return verified(plain, diffId, (found) => invalid(`${name} contains layer ${found} instead of ${diffId}`))
    },
  }
}
