/** Operating system and processor of an image (OCI image-spec, config.md and image-index.md). */

export interface Platform {
  os: string
  architecture: string
  variant?: string
}

/** `os/architecture[/variant]`, as docker prints it. */
export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, ...(platform.variant ? [platform.variant] : [])].join('/')
}

/** Whether an image for `actual` can stand where `wanted` is asked for; a variant counts only when both name one. */
export function platformMatches(actual: Platform, wanted: Platform): boolean {
  return (
    actual.os === wanted.os &&
    actual.architecture === wanted.architecture &&
    (!actual.variant || !wanted.variant || actual.variant === wanted.variant)
  )
}
