/** Media types of manifests and layers: OCI's (image-spec, media-types.md) and Docker's equivalents. */

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json'
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json'
export const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar'
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
export const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json'
export const DOCKER_INDEX = 'application/vnd.docker.distribution.manifest.list.v2+json'
const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar'
export const DOCKER_GZIP_LAYER = `${DOCKER_LAYER}.gzip`

/** Equivalent layer types of both families, as OCI types. */
const OCI_TYPES: Readonly<Record<string, string>> = Object.fromEntries(
  [OCI_LAYER, DOCKER_LAYER].flatMap((family) => [
    [family, OCI_LAYER],
    [`${family}+gzip`, `${OCI_LAYER}+gzip`],
    [`${family}.gzip`, `${OCI_LAYER}+gzip`],
    [`${family}+zstd`, `${OCI_LAYER}+zstd`],
    [`${family}.zstd`, `${OCI_LAYER}+zstd`],
  ]),
)

/** Returns the OCI equivalent of a layer's media type; undefined for types that cnb cannot read. */
export function ociLayerType(mediaType: string): string | undefined {
  return OCI_TYPES[mediaType]
}

/** Whether registries have the blobs of layers of this type: the base layers of Windows come from elsewhere. */
export function isDistributable(mediaType: string): boolean {
  return !/nondistributable|foreign/.test(mediaType)
}

/** Whether a document of this type lists images for several platforms. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_INDEX
}

/** Whether a manifest with a configuration of this type describes an image rather than another artifact. */
export function isConfigType(mediaType: string): boolean {
  return mediaType === OCI_CONFIG || mediaType === DOCKER_CONFIG
}

/** Whether a document of this type is one image's manifest. */
export function isManifestType(mediaType: string): boolean {
  return mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST
}
