/** The user's own configuration: `config.toml`, in which `pack` keeps its settings too. It is only ever read. */

import { join } from 'node:path'
import { readBounded } from '../../base/bounded-file.ts'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Host } from '../services.ts'
import type { Config } from './config.ts'

const NOTHING: Config = { runImages: [], trustedBuilders: [], registryMirrors: {} }

/** An honest file is a few kilobytes. */
const MAX_BYTES = 1024 * 1024

/**
 * Reads `$CNB_HOME/config.toml` (`~/.cnb` without the variable) or, where there is none, pack's `$PACK_HOME/config.toml`
 * (`~/.pack`).
 * @param context hears of the file and of its keys that nobody knows
 * @throws CnbError CNB_DESCRIPTOR_INVALID with file, line and column
 */
export async function readConfig({ env, home }: Pick<Host, 'env' | 'home'>, context: Context = {}): Promise<Config> {
  const directories = [env['CNB_HOME'] || join(home, '.cnb'), env['PACK_HOME'] || join(home, '.pack')]
  for (const file of directories.map((directory) => join(directory, 'config.toml'))) {
    const text = await readText(file, context)
    if (text === undefined) continue
    context.events?.({ type: 'debug', message: `the configuration is ${file}` })
    // TOML's parser is loaded by those who have such a file.
    return (await import('./config.ts')).parseConfig(text, file, context)
  }
  return NOTHING
}

async function readText(file: string, { signal }: Context): Promise<string | undefined> {
  try {
    return (await readBounded(file, { max: MAX_BYTES, signal })).toString('utf8')
  } catch (error) {
    if (error instanceof CnbError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new CnbError('CNB_DESCRIPTOR_INVALID', `cannot read the configuration ${file}: ${message}`, { position: { file }, cause: error })
  }
}
