/** The directory of the state if the user does not name one. */

import { isAbsolute, join } from 'node:path'

/**
 * Returns `cnb` in `$XDG_STATE_HOME` or in `~/.local/state`. By the XDG base directory specification, a relative `$XDG_STATE_HOME` counts
 * as unset.
 */
export function defaultStateDirectory({ XDG_STATE_HOME: xdg = '' }: Readonly<Record<string, string | undefined>>, home: string): string {
  return join(isAbsolute(xdg) ? xdg : join(home, '.local/state'), 'cnb')
}
