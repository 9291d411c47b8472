/** The labels that tell which buildpacks are in an image: a builder, or a buildpack package (distribution.md "Buildpackage"; a builder's are pack's). */

export const BUILDPACK_LAYERS_LABEL = 'io.buildpacks.buildpack.layers'
export const EXTENSION_LAYERS_LABEL = 'io.buildpacks.extension.layers'
export const PACKAGE_METADATA_LABEL = 'io.buildpacks.buildpackage.metadata'
