/** The names of labels of builders only; see also images/labels/labels.ts and buildpacks/labels.ts. */

export const ORDER_LABEL = 'io.buildpacks.buildpack.order'
export const ORDER_EXTENSIONS_LABEL = 'io.buildpacks.buildpack.order-extensions'
export const SYSTEM_LABEL = 'io.buildpacks.buildpack.system'
