/** Pushes crafted images to a registry without an engine. */

import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import type { ContainerConfig } from '../../../src/oci/config.ts'
import type { Descriptor } from '../../../src/oci/descriptor.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from '../../../src/oci/media-types.ts'
import type { Platform } from '../../../src/oci/platform.ts'
import { parseReference } from '../../../src/oci/reference.ts'
import type { Registries } from '../../../src/registry/registry.ts'

export interface ImageToPush {
  /** Tars, lowest first. */
  layers: readonly Buffer[]
  config?: ContainerConfig
  platform?: Platform
  /** Whether layers are stored uncompressed, rather than with gzip. */
  plain?: boolean
}

/** Pushes an image with a history entry for each layer. Returns its descriptor for an index. */
export async function pushImage(registries: Registries, name: string, image: ImageToPush): Promise<Descriptor> {
  const { layers, config = {}, platform = { os: 'linux', architecture: 'amd64' }, plain = false } = image
  const reference = parseReference(name)
  const repository = registries.repository(reference, 'push')
  const send = async (mediaType: string, content: Buffer): Promise<Descriptor> => {
    const descriptor = { mediaType, digest: digestOf(content), size: content.length }
    await repository.uploadBlob({ descriptor, open: async () => Readable.from([content]) })
    return descriptor
  }
  const document = Buffer.from(
    JSON.stringify({
      ...platform,
      created: '2020-01-02T03:04:05Z',
      config,
      rootfs: { type: 'layers', diff_ids: layers.map(digestOf) },
      history: layers.flatMap((_, index) => [{ created_by: `step ${index}` }, { created_by: 'a word', empty_layer: true }]),
    }),
  )
  const stored = []
  for (const layer of layers) stored.push(await (plain ? send(OCI_LAYER, layer) : send(`${OCI_LAYER}+gzip`, gzipSync(layer))))
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: await send(OCI_CONFIG, document), layers: stored }
  const content = Buffer.from(JSON.stringify(manifest))
  const put = await repository.putManifest(reference.tag ?? digestOf(content), { mediaType: OCI_MANIFEST, content })
  return { ...put, platform }
}

/** Pushes an index of images in the repository. */
export async function pushIndex(registries: Registries, name: string, manifests: readonly Descriptor[]): Promise<Descriptor> {
  const reference = parseReference(name)
  const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }))
  return registries.repository(reference, 'push').putManifest(reference.tag ?? digestOf(content), { mediaType: OCI_INDEX, content })
}
