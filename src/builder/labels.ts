/** The labels that only builders have; those of all images are in images/labels/labels.ts, those of buildpacks in buildpacks/labels.ts. */

export const ORDER_LABEL = 'io.buildpacks.buildpack.order'
export const ORDER_EXTENSIONS_LABEL = 'io.buildpacks.buildpack.order-extensions'
export const SYSTEM_LABEL = 'io.buildpacks.buildpack.system'
