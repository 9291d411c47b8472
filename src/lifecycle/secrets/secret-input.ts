/**
 * Brings secrets into a container: over its standard input, into files of a tmpfs.
 * An engine neither logs nor stores that input. Its archive API writes to the container's disk instead, and its configuration keeps
 * variables, arguments and labels.
 */

import type { ContainerSpec } from '../../docker/engine.ts'
import type { Secret } from '../../project/secret.ts'
import type { BuildStart } from '../lifecycle.ts'

export const SECRETS_DIR = '/run/secrets'

/** For all secrets of a build; the kernel rounds each file up to a page. */
const SIZE = 8 * 1024 * 1024
/** A shell reads a line one byte at a time, and keeps it in memory. */
const PIECE = 4096

/** Mounts an empty tmpfs, only if there are secrets. */
export function secretMounts({ secrets = [] }: Pick<BuildStart, 'secrets'>): Pick<ContainerSpec, 'tmpfs'> {
  return secrets.length === 0 ? {} : { tmpfs: [{ target: SECRETS_DIR, size: SIZE }] }
}

/**
 * A function of a POSIX shell that uses only its built-in commands. For each secret, it reads its name, lines of its content for printf,
 * and an empty line; another empty line ends the list. A file belongs to the user of the shell, and is read-only.
 */
export const RECEIVE_SECRETS = String.raw`
receive_secrets() (
  umask 0377
  while IFS= read -r cnb_name && [ -n "$cnb_name" ]; do
    while IFS= read -r cnb_piece && [ -n "$cnb_piece" ]; do printf "$cnb_piece"; done >"${SECRETS_DIR}/$cnb_name" || exit 1
  done 2>/dev/null
)
`

/** Returns the input of RECEIVE_SECRETS: every byte as an octal escape. */
export function secretLines(secrets: readonly Secret[]): string {
  const lines = secrets.flatMap(({ name, content }) => {
    const pieces = Array.from({ length: Math.ceil(content.length / PIECE) }, (_, at) => content.subarray(at * PIECE, (at + 1) * PIECE))
    return [name, ...pieces.map((piece) => Array.from(piece, (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')), '']
  })
  return [...lines, '', ''].join('\n')
}

export const SHELL = '/bin/sh'

/** If the program starts as root, the files become those of the build user. */
const AS_PROGRAM = `${RECEIVE_SECRETS}
receive_secrets && { [ -z "$1" ] || chown "$1" ${SECRETS_DIR}/*; } || { echo 'ERROR: cannot write the secrets to ${SECRETS_DIR}' >&2; exit 1; }
shift
exec "$@"`

/**
 * Returns the specification of a container with a program that starts after it received the secrets (run-phase.ts sends them); unchanged
 * without secrets. The mount is not added.
 */
export function receivingSecrets<Spec extends Pick<ContainerSpec, 'command' | 'user'>>(spec: Spec, { secrets = [], builder }: Pick<BuildStart, 'secrets' | 'builder'>): Spec & Pick<ContainerSpec, 'stdin'> {
  if (secrets.length === 0) return spec
  const owner = spec.user?.startsWith('0:') ? `${builder.uid}:${builder.gid}` : ''
  return { ...spec, command: [SHELL, '-c', AS_PROGRAM, 'cnb', owner, ...spec.command], stdin: true }
}
