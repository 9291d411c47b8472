/** The names of the specification's image labels, and readers for those with short values. */

import type { Platform } from '../../oci/platform.ts'
import { labelOf, readLabels, type Labelled } from './read-labels.ts'

export const LIFECYCLE_VERSION_LABEL = 'io.buildpacks.lifecycle.version'
export const LIFECYCLE_APIS_LABEL = 'io.buildpacks.lifecycle.apis'
export const LIFECYCLE_METADATA_LABEL = 'io.buildpacks.lifecycle.metadata'
export const BUILD_METADATA_LABEL = 'io.buildpacks.build.metadata'
export const PROJECT_METADATA_LABEL = 'io.buildpacks.project.metadata'
export const EXEC_ENV_LABEL = 'io.buildpacks.exec-env'
export const BUILDER_METADATA_LABEL = 'io.buildpacks.builder.metadata'
export const ORDER_LABEL = 'io.buildpacks.buildpack.order'
export const ORDER_EXTENSIONS_LABEL = 'io.buildpacks.buildpack.order-extensions'
export const SYSTEM_LABEL = 'io.buildpacks.buildpack.system'
export const BUILDPACK_LAYERS_LABEL = 'io.buildpacks.buildpack.layers'
export const EXTENSION_LAYERS_LABEL = 'io.buildpacks.extension.layers'
export const PACKAGE_METADATA_LABEL = 'io.buildpacks.buildpackage.metadata'
const REBASABLE_LABEL = 'io.buildpacks.rebasable'
export const STACK_ID_LABEL = 'io.buildpacks.stack.id'
export const STACK_MIXINS_LABEL = 'io.buildpacks.stack.mixins'
const DISTRO_NAME_LABEL = 'io.buildpacks.base.distro.name'
const DISTRO_VERSION_LABEL = 'io.buildpacks.base.distro.version'

/** A base image's target (platform.md "Run Image"); distribution fields only if its labels have them. */
export interface ImageTarget {
  readonly os: string
  readonly arch: string
  readonly variant?: string
  readonly distroName?: string
  readonly distroVersion?: string
}

export function readImageTarget(image: Labelled & { readonly platform: Platform }): ImageTarget {
  const { os, architecture, variant } = image.platform
  const { name, version } = readDistro(image) ?? {}
  return {
    os,
    arch: architecture,
    variant: variant || undefined,
    distroName: name || undefined,
    distroVersion: version || undefined,
  }
}

/**
 * Reads the distribution's labels; an empty label counts as present (lifecycle platform/target_data.go).
 * Returns undefined if the image has neither label.
 */
export function readDistro(image: Labelled): { readonly name: string; readonly version: string } | undefined {
  if (![DISTRO_NAME_LABEL, DISTRO_VERSION_LABEL].some((label) => Object.hasOwn(image.labels, label))) return undefined
  return { name: labelOf(image, DISTRO_NAME_LABEL), version: labelOf(image, DISTRO_VERSION_LABEL) }
}

/** Whether the label allows a rebase: only the value `false` forbids it, as in the lifecycle's rebaser. */
export function isMarkedRebasable(image: Labelled): boolean {
  return labelOf(image, REBASABLE_LABEL) !== 'false'
}

/** Returns the stack's ID; empty if the image has none. */
export function readStackId(image: Labelled): string {
  return labelOf(image, STACK_ID_LABEL)
}

/**
 * Returns the stack's mixins without the prefix of a stage.
 * @param stage matches the prefix
 * @throws CnbError CNB_IMAGE_INVALID
 */
export function readStackMixins(image: Labelled, stage = /^(?:build|run):/): string[] {
  return readLabels(image, [STACK_MIXINS_LABEL]).strings(STACK_MIXINS_LABEL).map((mixin) => mixin.replace(stage, ''))
}
