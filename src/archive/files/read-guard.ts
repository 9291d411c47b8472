/** Errors of the system when a host directory is read. */

import { getSystemErrorMap } from 'node:util'
import { CnbError, type ErrorCode } from '../../base/errors.ts'

/** System errors for a file that was removed or replaced after it was listed. */
const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EINVAL'])
const DENIED = new Set(['EACCES', 'EPERM'])

/**
 * Runs a system call; its error becomes a CnbError with the path and a hint.
 * @param host the path of the file on the host
 * @param listed whether a directory listed the file, which therefore existed
 */
export function guardRead<T>(host: string | Buffer, listed: boolean, invalid: ErrorCode, call: () => T): T {
  try {
    return call()
  } catch (error) {
    if (error instanceof CnbError) throw error
    const { code = '', errno, message } = error as NodeJS.ErrnoException
    const shown = host.toString()
    if (GONE.has(code) && listed) {
      throw new CnbError('CNB_APP_CHANGED', `${shown} was removed or replaced while the directory was read`, {
        hint: 'Run again while no other program writes to the directory.',
        cause: error,
      })
    }
    const words = getSystemErrorMap().get(errno ?? 0)?.[1] ?? message
    throw new CnbError(invalid, `cannot read ${shown}: ${words}`, {
      hint: DENIED.has(code) ? `Add read permission (chmod u+rX ${JSON.stringify(shown)}), or exclude it.` : undefined,
      cause: error,
    })
  }
}
