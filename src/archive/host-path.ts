/** Names of archive entries as paths on the host. */

import { CnbError } from '../base/errors.ts'

/**
 * Returns the components of an entry's name, as latin1 text: it has one character per byte, which preserves the exact bytes.
 * @throws CnbError CNB_OUTPUT for a name that leads out of the directory
 */
export function componentsOf(name: Buffer): string[] {
  const text = name.toString('latin1')
  const parts = text.split('/').filter((part) => part !== '' && part !== '.')
  if (text.startsWith('/') || parts.includes('..')) {
    throw new CnbError('CNB_OUTPUT', `cannot extract ${JSON.stringify(name.toString())}: its path leads out of the directory`)
  }
  return parts
}

export function hostPath(directory: string, parts: readonly string[]): Buffer {
  return Buffer.concat([Buffer.from(directory), Buffer.from(`/${parts.join('/')}`, 'latin1')])
}

/** Returns components as text for messages. */
export function shownPath(parts: readonly string[]): string {
  return Buffer.from(parts.join('/'), 'latin1').toString()
}
