/** Which launcher an app gets: what the exporter was told of itself when it was compiled (lifecycle cmd/version.go, Makefile). */

export interface LauncherVersion {
  readonly version: string
  /** Empty, as the commit is, where the binary was built without the release's flags. */
  readonly repository: string
  readonly commit: string
}

/** Where every lifecycle with a commit in its version comes from. */
const REPOSITORY = 'github.com/buildpacks/lifecycle'

/**
 * Reads what `/cnb/lifecycle/lifecycle -version` prints: `0.21.0+5bd7d61` for a release; `0.21.0` for one that was built without
 * its commit; `0.20.13-5+5bd7d61` for one between releases, whose version itself has the commit.
 */
export function readLauncherVersion(printed: string): LauncherVersion {
  const text = printed.trim()
  const match = /^(.+)\+([0-9a-f]{7,40})$/.exec(text)
  if (!match) return { version: text, repository: '', commit: '' }
  const [, version = '', commit = ''] = match
  return { version: /\d-\d+$/.test(version) ? text : version, repository: REPOSITORY, commit }
}
