/** Reader of the user's config.toml, also of the one that pack writes. */

import { isAbsolute, join } from 'node:path'
import { readBounded } from '../../base/bounded-file.ts'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Host } from '../services.ts'
import { settingsOfEnvironment } from './config-keys.ts'
import type { Config } from './config.ts'

const NOTHING: Config = { runImages: [], trustedBuilders: [], registryMirrors: {}, registries: [] }

/** A real file has a few kilobytes. */
const MAX_BYTES = 1024 * 1024

/**
 * Reads the configuration file that is in use (findConfigFile); without one, returns an empty configuration. Environment variables replace
 * values of the file.
 * @param context receives the file's path and its unknown keys as debug events
 * @throws CnbError CNB_DESCRIPTOR_INVALID with file, line and column; CNB_USAGE for a variable
 */
export async function readConfig({ env, home }: Pick<Host, 'env' | 'home'>, context: Context = {}): Promise<Config> {
  const { file, text } = await findConfigFile({ env, home }, context)
  const environment = settingsOfEnvironment(env)
  if (text === undefined && Object.keys(environment).length === 0) return NOTHING
  if (text !== undefined) context.events?.({ type: 'debug', message: `using the configuration file ${file}` })
  // Loads the TOML parser only if it is necessary.
  return (await import('./config.ts')).parseConfig(text ?? '', file, context, environment)
}

/**
 * Returns the configuration file that is in use, with its text: that of `$CNB_HOME`; without this variable `~/.cnb/config.toml` or that of
 * the XDG base directory specification, `$XDG_CONFIG_HOME/cnb/config.toml`. Without these, it is pack's. If none exists, returns the file to create.
 * @throws CnbError CNB_DESCRIPTOR_INVALID if it cannot be read
 */
export async function findConfigFile({ env, home }: Pick<Host, 'env' | 'home'>, context: Context): Promise<{ file: string; text: string | undefined }> {
  const { CNB_HOME: own, XDG_CONFIG_HOME: xdg = '', PACK_HOME: pack } = env
  const ofHome = join(home, '.cnb')
  const ofXdg = join(isAbsolute(xdg) ? xdg : join(home, '.config'), 'cnb')
  for (const directory of [...(own ? [own] : [ofHome, ofXdg]), pack || join(home, '.pack')]) {
    const file = join(directory, 'config.toml')
    const text = await readText(file, context)
    if (text !== undefined) return { file, text }
  }
  return { file: join(own || (isAbsolute(xdg) ? ofXdg : ofHome), 'config.toml'), text: undefined }
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
