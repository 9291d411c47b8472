/**
 * The sparse OCI layout of a base image, from which the extender starts: manifest and config only.
 *
 * In a stock build the restorer fetches it from a registry (lifecycle cmd/lifecycle/restorer.go `pullSparse`). The extender does not
 * open base layers, because its container already has their files. The manifest can therefore be a generated one, and the image need
 * not be in a registry.
 */

import type { TarEntry } from '../../../archive/tar/tar-writer.ts'
import type { Image } from '../../../images/image.ts'
import { encodeImageConfig } from '../../../oci/config.ts'
import { type Digest, digestOf, hexOf } from '../../../oci/digest.ts'

/** The directory that the extender reads (lifecycle internal/extend/kaniko/dockerfile_applier.go). */
export const KANIKO_DIR = '/kaniko'
const BASES = `${KANIKO_DIR.slice(1)}/cache/base`

/** Docker's media types: with OCI's, the extender would compress each layer of its cache again. */
const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
const CONFIG = 'application/vnd.docker.container.image.v1+json'
const LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip'

export interface BaseLayout {
  /** The manifest's digest. It depends only on the image, so the extender finds the layers that it cached for the image. */
  readonly digest: Digest
  /** Entries for an upload to `/`. Root owns them, so buildpacks cannot change them. */
  readonly entries: readonly TarEntry[]
}

/** Returns the layout of `image`, which is a builder or a run image. */
export function baseLayout(image: Image): BaseLayout {
  const history = image.config.history ?? []
  const complete = history.length === image.layers.length
  const config = encodeImageConfig({ ...image.config, history: complete ? history : image.layers.map(() => ({})) })
  const manifest = json({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, size: config.length, digest: digestOf(config) },
    layers: image.layers.map(({ diffId }) => ({ mediaType: LAYER, size: 0, digest: diffId })),
  })
  const digest = digestOf(manifest)
  const root = `${BASES}/${digest}`
  const index = json({ schemaVersion: 2, manifests: [{ mediaType: MANIFEST, size: manifest.length, digest }] })
  const blob = (content: Buffer): TarEntry => file(`${root}/blobs/sha256/${hexOf(digestOf(content))}`, content)
  return {
    digest,
    entries: [
      ...['kaniko', 'kaniko/cache', BASES, root, `${root}/blobs`, `${root}/blobs/sha256`].map(directory),
      file(`${root}/oci-layout`, json({ imageLayoutVersion: '1.0.0' })),
      file(`${root}/index.json`, index),
      blob(config),
      blob(manifest),
    ],
  }
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function directory(name: string): TarEntry {
  return { type: 'directory', name, mode: 0o755, uid: 0, gid: 0, mtime: 0 }
}

function file(name: string, content: Buffer): TarEntry {
  return { type: 'file', name, mode: 0o644, uid: 0, gid: 0, mtime: 0, size: content.length, content }
}
