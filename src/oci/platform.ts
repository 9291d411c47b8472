/** Operating system and architecture of an image (OCI image-spec, config.md and image-index.md). */

export interface Platform {
  os: string
  architecture: string
  variant?: string
  /** Windows' version, in configurations and indexes. */
  osVersion?: string
  osFeatures?: readonly string[]
}

/** Formats `os/architecture[/variant]`, as docker prints it; a package for any architecture has none. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter(Boolean).join('/')
}

/** Whether an image for `actual` can be used for `wanted`; a variant counts only if both have one. */
export function platformMatches(actual: Platform, wanted: Platform): boolean {
  return (
    actual.os === wanted.os &&
    actual.architecture === wanted.architecture &&
    (!actual.variant || !wanted.variant || actual.variant === wanted.variant)
  )
}
