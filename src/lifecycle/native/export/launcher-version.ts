/** The version of the app's launcher, compiled into the lifecycle (lifecycle cmd/version.go, Makefile). */

export interface LauncherVersion {
  readonly version: string
  /** Empty, like the commit, if the binary was built without the flags of a release. */
  readonly repository: string
  readonly commit: string
}

/** The repository of every lifecycle with a commit in its version. */
const REPOSITORY = 'github.com/buildpacks/lifecycle'

/**
 * Parses the output of `/cnb/lifecycle/lifecycle -version`: `0.21.0+5bd7d61` for a release; `0.21.0` for a build without commit;
 * `0.20.13-5+5bd7d61` for a build between releases, with the commit in its version.
 */
export function readLauncherVersion(printed: string): LauncherVersion {
  const text = printed.trim()
  const match = /^(.+)\+([0-9a-f]{7,40})$/.exec(text)
  if (!match) return { version: text, repository: '', commit: '' }
  const [, version = '', commit = ''] = match
  return { version: /\d-\d+$/.test(version) ? text : version, repository: REPOSITORY, commit }
}
