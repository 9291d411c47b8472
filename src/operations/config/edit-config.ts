/** Changes the user's config.toml, or pack's if that is the one in use. */

import { realpath, stat } from 'node:fs/promises'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { writeFileAtomically } from '../../base/files.ts'
import { TomlDocument } from '../../formats/toml-document.ts'
import type { Host } from '../services.ts'
import { findConfigFile } from './config-file.ts'
import { parseConfig } from './config.ts'

/** A new file is for its owner: addresses of registries can contain credentials. */
const NEW_MODE = 0o600

/**
 * Changes the configuration file that `readConfig` reads; without one, creates `$CNB_HOME/config.toml`. Comments and unknown keys stay,
 * and a reader sees the old or the new file. A link stays a link. Without a difference, nothing is written.
 * @param change makes the changes, and may throw to make none
 * @returns the result of `change`, and the file's path
 * @throws CnbError CNB_DESCRIPTOR_INVALID if the file is invalid, before or after the change; CNB_OUTPUT; errors of `change`
 */
export async function editConfig<T>(
  host: Pick<Host, 'env' | 'home'>,
  change: (document: TomlDocument) => T,
  context: Context = {},
): Promise<{ file: string; result: T }> {
  const { file, text = '' } = await findConfigFile(host, context)
  const document = new TomlDocument(text, file)
  const result = change(document)
  if (document.text === text) return { file, result }
  parseConfig(document.text, file)
  await saveConfig(file, document.text)
  return { file, result }
}

/** Replaces the configuration file. @throws CnbError CNB_OUTPUT */
export async function saveConfig(file: string, text: string): Promise<void> {
  try {
    const target = await realpath(file).catch(() => file)
    const mode = await stat(target).then((stats) => stats.mode & 0o777, () => NEW_MODE)
    await writeFileAtomically(target, text, mode)
  } catch (error) {
    throw new CnbError('CNB_OUTPUT', `cannot write the configuration file ${file}: ${(error as Error).message}`, { cause: error })
  }
}
