/** Opens the configuration file in the user's editor. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { cannotWrite, makeTemporaryDirectory, writeFileAtomically } from '../../base/files.ts'
import type { Host } from '../services.ts'
import { findConfigFile } from './config-file.ts'
import { CONFIG_KEYS, KEY_NAMES } from './config-keys.ts'
import { parseConfig } from './config.ts'
import { saveConfig } from './edit-config.ts'

/**
 * Lets the user edit a copy of the configuration file, which replaces the file if it is valid.
 * @returns the path of the file, and whether it changed
 * @throws CnbError CNB_USAGE without an editor; CNB_DESCRIPTOR_INVALID, with the path of the copy that was not used; CNB_OUTPUT
 */
export async function editByHand(host: Host, context: Context): Promise<{ file: string; changed: boolean }> {
  const editor = host.env['VISUAL'] || host.env['EDITOR']
  if (!editor) throw new CnbError('CNB_USAGE', 'cannot edit the configuration file: no editor is set', { hint: "Set VISUAL or EDITOR, or use 'cnb config set'." })
  const { file, text } = await findConfigFile(host, context)
  const before = text ?? template()
  await using directory = await makeTemporaryDirectory()
  const copy = join(directory.path, 'config.toml')
  await writeFile(copy, before, { mode: 0o600 })
  await runEditor(editor, copy, context)
  const after = await readFile(copy, 'utf8')
  if (after === before) return { file, changed: false }
  try {
    parseConfig(after, file)
    if ((await findConfigFile(host, context)).text !== text) throw new CnbError('CNB_DESCRIPTOR_INVALID', `another program changed ${file} in the meantime`)
  } catch (error) {
    const rejected = `${file}.rejected`
    await writeFileAtomically(rejected, after, 0o600).catch((failure: unknown) => cannotWrite(rejected, failure))
    const { message, position, source, hint } = error as CnbError
    throw new CnbError('CNB_DESCRIPTOR_INVALID', message, {
      ...(position === undefined ? {} : { position }),
      source,
      hint: `${hint === undefined ? '' : `${hint} `}Correct your text in ${rejected}, and try again; the file is as it was before.`,
      cause: error,
    })
  }
  await saveConfig(file, after)
  return { file, changed: true }
}

/** The text of a new file: all keys of cnb as comments. */
function template(): string {
  const lines = KEY_NAMES.map((name) => ({ name, ...CONFIG_KEYS[name] })).filter(({ ofPack }) => !ofPack).map((key) => {
    const { form, default: preset } = key
    return `# ${key.is}\n# ${key.name} = ${form === 'switch' ? String(preset) : JSON.stringify(preset ?? '')}\n`
  })
  return lines.join('\n')
}

/** Runs the editor as git does: the variable is a command of the shell. */
async function runEditor(editor: string, path: string, { signal }: Context): Promise<void> {
  const options = { stdio: 'inherit', signal } as const
  const child = process.platform === 'win32' ? spawn(`${editor} "${path}"`, { ...options, shell: true }) : spawn('sh', ['-c', `${editor} "$@"`, editor, path], options)
  const [code, killer] = (await once(child, 'exit')) as [number | null, string | null]
  if (code !== 0) throw new CnbError('CNB_USAGE', `cannot edit the configuration file: '${editor}' ended with ${killer ?? `exit code ${code}`}`, { hint: 'Try again; the file is as it was before.' })
}
