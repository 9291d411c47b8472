/** The labels that tell which buildpacks are in an image: a builder, or a buildpack package (spec §3.1). */

export const BUILDPACK_LAYERS_LABEL = 'io.buildpacks.buildpack.layers'
export const EXTENSION_LAYERS_LABEL = 'io.buildpacks.extension.layers'
export const PACKAGE_METADATA_LABEL = 'io.buildpacks.buildpackage.metadata'
