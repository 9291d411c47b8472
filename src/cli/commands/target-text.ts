/** Human-readable target platform of an image. */

export interface TargetWords {
  readonly os: string
  readonly arch: string
  readonly variant?: string
  readonly distroName?: string
  readonly distroVersion?: string
}

/** Formats a target, such as `linux/amd64, debian 12`; undefined if the image has none. */
export function targetText(target: TargetWords | undefined): string | undefined {
  if (target === undefined) return undefined
  const platform = [target.os, target.arch, target.variant].filter((part) => part).join('/')
  const distro = [target.distroName, target.distroVersion].filter((part) => part).join(' ')
  return distro === '' ? platform : `${platform}, ${distro}`
}
