/** The version of the directory's layout: the file `format`. */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readBounded } from '../../base/bounded-file.ts'
import { CnbError } from '../../base/errors.ts'

export const FORMAT_FILE = 'format'
const FORMAT = 1
export const FORMAT_TEXT = `cnb state ${FORMAT}\n`
const MAX_SIZE = 1024

/**
 * Checks that this version of cnb can use the directory. @returns whether it has a state; without one, it is absent or empty
 * @param own the names that may be there before the first write
 * @throws CnbError CNB_UNSUPPORTED for a newer format, CNB_STATE_INVALID for a directory of something else
 */
export async function checkFormat(directory: string, own: readonly string[]): Promise<boolean> {
  const text = await readFormat(join(directory, FORMAT_FILE))
  const version = /^cnb state ([1-9]\d{0,8})\n/.exec(text ?? '')?.[1]
  if (version === undefined && (text !== undefined || (await hasOther(directory, own)))) {
    throw new CnbError('CNB_STATE_INVALID', `cannot use ${directory} for state: its file '${FORMAT_FILE}' is ${text === undefined ? 'missing' : 'invalid'}`, {
      hint: 'Name another directory: a new one, or one that cnb created.',
    })
  }
  if (Number(version) > FORMAT) {
    throw new CnbError('CNB_UNSUPPORTED', `cannot use the state in ${directory}: its format ${version} is newer than ${FORMAT}`, {
      hint: 'Use the version of cnb that wrote it, or another directory.',
    })
  }
  return version !== undefined
}

async function readFormat(path: string): Promise<string | undefined> {
  try {
    return (await readBounded(path, { max: MAX_SIZE })).toString()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new CnbError('CNB_STATE_INVALID', `cannot read ${path}: ${(error as Error).message}`, { cause: error })
  }
}

async function hasOther(directory: string, own: readonly string[]): Promise<boolean> {
  try {
    return (await readdir(directory)).some((name) => !own.includes(name))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw new CnbError('CNB_STATE_INVALID', `cannot read ${directory}: ${(error as Error).message}`, { cause: error })
  }
}
