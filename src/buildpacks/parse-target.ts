/** Parses targets on the command line: `os[/arch[/variant]][:distro@version[;…]]`, as in pack. */

import { CnbError } from '../base/errors.ts'
import type { BuildTarget } from './buildpack-descriptor.ts'

const PART = /^[a-z0-9][a-z0-9._]*$/
/** Safe as a name of a directory. */
const DISTRO = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/

/**
 * Parses a target.
 * @param option the option's name for errors
 * @throws CnbError CNB_USAGE; CNB_UNSUPPORTED for Windows
 */
export function parseTarget(text: string, option = '--target'): BuildTarget {
  const fail = (why: string): never => {
    throw new CnbError('CNB_USAGE', `invalid ${option} '${text}': ${why}`, {
      hint: "Use os/arch[/variant][:distro@version], such as 'linux/arm64' or 'linux/amd64:debian@12'.",
    })
  }
  const [platform = '', distros, ...rest] = text.split(':')
  const [os = '', arch, variant, ...more] = platform.split('/')
  if (rest.length > 0 || more.length > 0) fail('it has too many parts')
  const wrong = [os, arch, variant].find((part) => part !== undefined && !PART.test(part))
  if (wrong !== undefined) fail(wrong === '' ? 'one of its parts is empty' : `'${wrong}' is not part of a platform`)
  if (os === 'windows') throw new CnbError('CNB_UNSUPPORTED', `invalid ${option} '${text}': cnb does not support Windows`, { hint: 'Use a Linux platform.' })
  return { os, ...(arch ? { arch } : {}), ...(variant ? { variant } : {}), ...(distros === undefined ? {} : { distros: distros.split(';').map(readDistro) }) }

  function readDistro(distro: string): { name: string; version?: string } {
    const [name = '', version, ...others] = distro.split('@')
    const isValid = others.length === 0 && [name, version].every((part) => part === undefined || DISTRO.test(part))
    return isValid ? { name, ...(version === undefined ? {} : { version }) } : fail(`'${distro}' is not a distribution`)
  }
}

/** Returns each target with at most one distribution: an image is for one. */
export function withOneDistro(targets: readonly BuildTarget[]): BuildTarget[] {
  return targets.flatMap((target) => (target.distros?.length ? target.distros.map((distro) => ({ ...target, distros: [distro] })) : [target]))
}
