/** Reads an image from an archive: a tar of an OCI layout, or the output of `docker save`. */

import { verified } from '../../archive/verified-stream.ts'
import type { TarFile } from '../../archive/tar/tar-file.ts'
import { readAtMost } from '../../base/bounded-file.ts'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Digest } from '../../oci/digest.ts'
import { MAX_MANIFEST_BYTES } from '../../oci/manifest.ts'
import type { Platform } from '../../oci/platform.ts'
import type { Image } from '../image.ts'
import { blobPath, type LayoutFiles } from '../oci-layout/layout-files.ts'
import { layoutContent } from '../oci-layout/layout-source.ts'
import { readStoredImage } from '../stored-image.ts'
import { DOCKER_MANIFEST, readDockerArchive } from './docker-archive.ts'

/** Whether the archive contains images, by the files that all such archives have. */
export function isImageArchive(tar: TarFile): boolean {
  return isLayout(tar) || tar.size(DOCKER_MANIFEST) !== undefined
}

/** `docker save` of Engine 25 and later writes both formats; the layout has the manifest. */
function isLayout(tar: TarFile): boolean {
  return tar.size('oci-layout') !== undefined && tar.size('index.json') !== undefined
}

/**
 * Reads the archive's image. @param platform selects one of several images
 * @throws CnbError CNB_IMAGE_INVALID, CNB_PLATFORM_MISMATCH, CNB_REFERENCE_INVALID for an archive of several images
 */
export async function readArchivedImage(tar: TarFile, platform: Platform, context: Context): Promise<Image> {
  if (!isLayout(tar)) return readDockerArchive(tar, (name) => smallFile(tar, name), context)
  const nameStored = (digest: Digest) => ({ reference: tar.path, id: `${tar.path}@${digest}`, repoDigests: [] })
  const image = await readStoredImage(layoutContent(archiveFiles(tar)), '', nameStored, platform, context)
  if (image) return image
  throw new CnbError('CNB_IMAGE_INVALID', `the archive '${tar.path}' contains no image`)
}

function archiveFiles(tar: TarFile): LayoutFiles {
  return {
    name: tar.path,
    small: (path) => smallFile(tar, path),
    blob: async ({ digest }, { signal } = {}) =>
      verified(await tar.open(blobPath(digest), signal), digest, (found) =>
        new CnbError('CNB_IMAGE_INVALID', `cannot read the archive '${tar.path}': the blob ${digest} contains ${found}`),
      ),
  }
}

async function smallFile(tar: TarFile, name: string): Promise<Buffer | undefined> {
  const size = tar.size(name)
  if (size === undefined) return undefined
  if (size > MAX_MANIFEST_BYTES) {
    throw new CnbError('CNB_IMAGE_INVALID', `cannot read the archive '${tar.path}': ${name} has ${size} bytes; the limit is ${MAX_MANIFEST_BYTES}`)
  }
  return readAtMost(await tar.open(name), MAX_MANIFEST_BYTES)
}
