/** Reader of the user's config.toml, also of the one that pack writes. */

import { join } from 'node:path'
import { readBounded } from '../../base/bounded-file.ts'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Host } from '../services.ts'
import type { Config } from './config.ts'

const NOTHING: Config = { runImages: [], trustedBuilders: [], registryMirrors: {}, registries: [] }

/** A real file has a few kilobytes. */
const MAX_BYTES = 1024 * 1024

/**
 * Reads `$CNB_HOME/config.toml` (default directory `~/.cnb`) or, if it does not exist, pack's `$PACK_HOME/config.toml` (default directory
 * `~/.pack`). Without either file, returns an empty configuration.
 * @param context receives the file's path and its unknown keys as debug events
 * @throws CnbError CNB_DESCRIPTOR_INVALID with file, line and column
 */
export async function readConfig({ env, home }: Pick<Host, 'env' | 'home'>, context: Context = {}): Promise<Config> {
  const found = await findConfigFile({ env, home }, context)
  if (found.text === undefined) return NOTHING
  context.events?.({ type: 'debug', message: `using the configuration file ${found.file}` })
  // Loads the TOML parser only if the file exists.
  return (await import('./config.ts')).parseConfig(found.text, found.file, context)
}

/**
 * Returns the configuration file that is in use, with its text; without one, the file to create.
 * @throws CnbError CNB_DESCRIPTOR_INVALID if it cannot be read
 */
export async function findConfigFile({ env, home }: Pick<Host, 'env' | 'home'>, context: Context): Promise<{ file: string; text: string | undefined }> {
  const own = join(env['CNB_HOME'] || join(home, '.cnb'), 'config.toml')
  for (const file of [own, join(env['PACK_HOME'] || join(home, '.pack'), 'config.toml')]) {
    const text = await readText(file, context)
    if (text !== undefined) return { file, text }
  }
  return { file: own, text: undefined }
}

async function readText(file: string, { signal }: Context): Promise<string | undefined> {
  try {
    return (await readBounded(file, { max: MAX_BYTES, signal })).toString('utf8')
  } catch (error) {
    if (error instanceof CnbError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new CnbError('CNB_DESCRIPTOR_INVALID', `cannot read the configuration file ${file}: ${message}`, { position: { file }, cause: error })
  }
}
