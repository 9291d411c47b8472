/** Warns of credentials in the app's git configuration, which becomes a part of the image. */

import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { readBounded } from '../../../base/bounded-file.ts'
import type { Context } from '../../../base/events.ts'
import type { EntryFilter } from '../../../archive/ignore-rules.ts'
import { type App, type FileFilter, filterOf } from '../../../project/app.ts'

/** A configuration has a few KiB. */
const MAX_BYTES = 1024 * 1024
const ADVICE = "exclude '.git' in project.toml, or use 'persist-credentials: false' with actions/checkout"

/**
 * Warns if the build gets the app's .git/config with credentials. It stays in the image, because the app layer is that of pack. Not for
 * archives: they are not checkouts.
 */
export async function warnOfGitCredentials({ path: app, archive }: App, filter: FileFilter, { signal, events }: Context): Promise<void> {
  const path = join(app, '.git', 'config')
  // The image has only the link if one of the two is a link, and no configuration if .git is the file of a linked work tree.
  if (archive || (await realpath(path).catch(() => undefined)) !== path || !isIncluded(filterOf(filter))) return
  try {
    const text = (await readBounded(path, { max: MAX_BYTES, signal })).toString('latin1')
    if (hasCredentials(text)) events?.({ type: 'warning', message: `the app's .git/config has credentials, which will be in the image: ${ADVICE}` })
  } catch (error) {
    signal?.throwIfAborted()
    events?.({ type: 'warning', message: `cannot search the app's .git/config for credentials, and it will be in the image: ${(error as Error).message}` })
  }
}

function isIncluded(filter: EntryFilter | undefined): boolean {
  const directory = filter?.('.git', true) ?? 'whole'
  return directory === 'whole' || (directory !== 'skip' && filter?.('.git/config', false) !== 'skip')
}

/** A user name of this length is a token, such as GitHub's. */
const TOKEN_LENGTH = 20

/** Searches for passwords and tokens in addresses, and for headers such as that of actions/checkout. */
export function hasCredentials(config: string): boolean {
  if (/^\s*extraheader\s*=.*authorization\s*:/im.test(config)) return true
  return [...config.matchAll(/https?:\/\/([^\s/@"]+)@/gi)].some(([, user = '']) => /:./.test(user) || user.length >= TOKEN_LENGTH)
}
