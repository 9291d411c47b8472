/** Counts the bytes of a registry's layers that a client carries through its machine. */

import type { FaultProxy } from '../support/fakes/fault-proxy.ts'
import type { Registry } from '../support/registry/registry.ts'

const ACCEPT = { accept: 'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json' }

interface Blob {
  readonly digest: string
  readonly size: number
}

/**
 * Returns the bytes of all blobs that were sent or received, without configurations and without the layers that only the published image
 * has: those are new, and sent once. All images have the tag latest.
 * @param log the requests of the client
 * @param published the repository of the published image
 * @param sources the repositories of the images that it was made from
 */
export async function carriedBytes(log: FaultProxy['log'], registry: Registry, published: string, sources: readonly string[]): Promise<number> {
  const read = async (path: string): Promise<unknown> => JSON.parse((await registry.request('GET', path, { headers: ACCEPT })).body.toString())
  const described = async (name: string): Promise<{ config: Blob; layers: (Blob & { diffId: string })[] }> => {
    const { config, layers } = (await read(`/v2/${name}/manifests/latest`)) as { config: Blob; layers: Blob[] }
    const { rootfs } = (await read(`/v2/${name}/blobs/${config.digest}`)) as { rootfs: { diff_ids: string[] } }
    return { config, layers: layers.map((layer, at) => ({ ...layer, diffId: rootfs.diff_ids[at]! })) }
  }
  const [image, ...others] = await Promise.all([published, ...sources].map(described))
  if (!image) throw new Error(`${published} is missing`)
  // By diff ID, because a layer that was compressed again has another digest.
  const existing = new Set(others.flatMap(({ layers }) => layers.map(({ diffId }) => diffId)))
  const created = [image.config, ...image.layers.filter(({ diffId }) => !existing.has(diffId))]
  const configurations = new Set([image, ...others].map(({ config }) => config.digest))
  const ofBlobs = log.filter(({ path }) => path.includes('/blobs/'))
  const received = ofBlobs.filter(({ path }) => !configurations.has(path.slice(path.lastIndexOf('/') + 1))).reduce((sum, request) => sum + request.received, 0)
  const sent = ofBlobs.reduce((sum, request) => sum + request.sent, 0)
  return received + sent - created.reduce((sum, { size }) => sum + size, 0)
}
