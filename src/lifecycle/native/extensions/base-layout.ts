/**
 * An image that the extender applies Dockerfiles to, as it wants to find it: a "sparse" OCI layout with manifest and config but
 * without layers, which the lifecycle's restorer would fetch from a registry (lifecycle cmd/lifecycle/restorer.go `pullSparse`).
 * The extender never opens a base layer, for its container already has the files. So the manifest may be one of our own making,
 * and no registry needs to have the image.
 */

import type { TarEntry } from '../../../archive/tar/tar-writer.ts'
import type { Image } from '../../../images/image.ts'
import { encodeImageConfig } from '../../../oci/config.ts'
import { type Digest, digestOf, hexOf } from '../../../oci/digest.ts'

/** Where the extender looks (lifecycle internal/extend/kaniko/dockerfile_applier.go). */
export const KANIKO_DIR = '/kaniko'
const BASES = `${KANIKO_DIR.slice(1)}/cache/base`

/** Docker's media types: for OCI's the extender would compress each layer of its cache anew. */
const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
const CONFIG = 'application/vnd.docker.container.image.v1+json'
const LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip'

export interface BaseLayout {
  /** The manifest's digest; the same for the same image, so that the extender finds again what it cached for it. */
  readonly digest: Digest
  /** Entries for `/`, root's, so that no buildpack can touch them. */
  readonly entries: readonly TarEntry[]
}

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
