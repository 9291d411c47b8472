/** Buildpack and Platform API versions: `major.minor`, where `1` is `1.0` (specification, README). */

export interface ApiVersion {
  readonly major: number
  readonly minor: number
}

const API_VERSION = /^(\d{1,4})(?:\.(\d{1,4}))?$/

/** Parses `0.15`; returns undefined for anything else. */
export function parseApiVersion(text: string): ApiVersion | undefined {
  const match = API_VERSION.exec(text)
  return match ? { major: Number(match[1]), minor: Number(match[2] ?? 0) } : undefined
}

export function formatApiVersion(version: ApiVersion): string {
  return `${version.major}.${version.minor}`
}

/** Returns a negative number if `a` is older than `b`, 0 if equal. */
export function compareApiVersions(a: ApiVersion, b: ApiVersion): number {
  return a.major - b.major || a.minor - b.minor
}
