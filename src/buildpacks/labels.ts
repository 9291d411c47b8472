/** Labels that list the buildpacks of a builder or a buildpack package. */

export const BUILDPACK_LAYERS_LABEL = 'io.buildpacks.buildpack.layers'
export const EXTENSION_LAYERS_LABEL = 'io.buildpacks.extension.layers'
export const PACKAGE_METADATA_LABEL = 'io.buildpacks.buildpackage.metadata'
