/** The labels that the specification gives app, run and builder images, and the short ones among them read. */

import type { Platform } from '../../oci/platform.ts'
import { labelOf, readLabels, type Labelled } from './read-labels.ts'

export const LIFECYCLE_METADATA_LABEL = 'io.buildpacks.lifecycle.metadata'
export const BUILD_METADATA_LABEL = 'io.buildpacks.build.metadata'
export const PROJECT_METADATA_LABEL = 'io.buildpacks.project.metadata'
export const EXEC_ENV_LABEL = 'io.buildpacks.exec-env'
export const BUILDER_METADATA_LABEL = 'io.buildpacks.builder.metadata'
const REBASABLE_LABEL = 'io.buildpacks.rebasable'
const STACK_ID_LABEL = 'io.buildpacks.stack.id'
export const STACK_MIXINS_LABEL = 'io.buildpacks.stack.mixins'
const DISTRO_NAME_LABEL = 'io.buildpacks.base.distro.name'
const DISTRO_VERSION_LABEL = 'io.buildpacks.base.distro.version'

/** A base image's target (platform.md "Run Image"); distribution fields only where its labels give them. */
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

/** The distribution that the labels name; undefined where there is neither label. An empty label is there (lifecycle platform/target_data.go). */
export function readDistro(image: Labelled): { readonly name: string; readonly version: string } | undefined {
  if (![DISTRO_NAME_LABEL, DISTRO_VERSION_LABEL].some((label) => Object.hasOwn(image.labels, label))) return undefined
  return { name: labelOf(image, DISTRO_NAME_LABEL), version: labelOf(image, DISTRO_VERSION_LABEL) }
}

/** Whether the image may be rebased: only the label's literal `false` forbids it, as in the lifecycle's rebaser. */
export function isMarkedRebasable(image: Labelled): boolean {
  return labelOf(image, REBASABLE_LABEL) !== 'false'
}

/** The stack's id, empty where the image has none. */
export function readStackId(image: Labelled): string {
  return labelOf(image, STACK_ID_LABEL)
}

/**
 * The stack's mixins without the name of a stage in front.
 * @param stage what such a name looks like
 * @throws CnbError CNB_IMAGE_INVALID
 */
export function readStackMixins(image: Labelled, stage = /^(?:build|run):/): string[] {
  return readLabels(image, [STACK_MIXINS_LABEL]).strings(STACK_MIXINS_LABEL).map((mixin) => mixin.replace(stage, ''))
}
