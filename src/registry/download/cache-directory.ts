/** The place and the size of the user's cache of downloads. */

import { isAbsolute, join } from 'node:path'

/** Bytes: enough for the packages of several large builders. */
export const DEFAULT_BUDGET = 10 * 1000 ** 3

/**
 * Returns `$CNB_CACHE_DIR`, or else `cnb` in `$XDG_CACHE_HOME` or in `~/.cache`. By the XDG base directory specification, a relative
 * `$XDG_CACHE_HOME` counts as unset.
 */
export function cacheDirectory({ env, home, cwd }: { env: Readonly<Record<string, string | undefined>>; home: string; cwd: string }): string {
  const { CNB_CACHE_DIR: own, XDG_CACHE_HOME: xdg } = env
  if (own) return isAbsolute(own) ? own : join(cwd, own)
  return join(xdg && isAbsolute(xdg) ? xdg : join(home, '.cache'), 'cnb')
}
