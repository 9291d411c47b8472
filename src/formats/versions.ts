/** Versions of the Buildpack and Platform APIs: `major.minor`, where `1` means `1.0` (specification, README "API versions"). */

export interface ApiVersion {
  readonly major: number
  readonly minor: number
}

const API_VERSION = /^(\d{1,4})(?:\.(\d{1,4}))?$/

/** Reads `0.15`; undefined for anything else. */
export function parseApiVersion(text: string): ApiVersion | undefined {
  const match = API_VERSION.exec(text)
  return match ? { major: Number(match[1]), minor: Number(match[2] ?? 0) } : undefined
}

export function formatApiVersion(version: ApiVersion): string {
  return `${version.major}.${version.minor}`
}

/** Negative when `a` is older than `b`, 0 when equal. */
export function compareApiVersions(a: ApiVersion, b: ApiVersion): number {
  return a.major - b.major || a.minor - b.minor
}
