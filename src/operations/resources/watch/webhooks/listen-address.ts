/** The address of `--listen`. */

import { isIP } from 'node:net'
import { CnbError } from '../../../../base/errors.ts'

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

const FORM = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):)?(\d{1,5})$/
const MAX_PORT = 65_535

/** Parses `[HOST:]PORT`; without a host, only this machine can connect. Port 0 is any free one. @throws CnbError CNB_USAGE */
export function parseListenAddress(text: string): ListenAddress {
  const [, address, name, digits] = FORM.exec(text) ?? []
  const port = Number(digits)
  if (digits !== undefined && port <= MAX_PORT && (address === undefined || isIP(address) === 6)) return { host: address ?? name ?? '127.0.0.1', port }
  throw new CnbError('CNB_USAGE', `invalid --listen '${text}': expected [HOST:]PORT`, { hint: "Write a port, such as 8080, or an address, such as '0.0.0.0:8080'." })
}

/** Returns whether only this machine can connect. */
export function isLoopback({ host }: ListenAddress): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
