/** Further names of commands: aliases and deprecated commands of pack 0.40. Help does not list them. */

import { KP_ALIASES } from '../kp-aliases.ts'

/** The words of the command to use instead, possibly with its first arguments. */
export const ALIASES: Readonly<Record<string, string>> = {
  builders: 'builder',
  buildpacks: 'buildpack',
  extensions: 'extension',
  'inspect-image': 'inspect',
  'builder inspect-builder': 'builder inspect',
  'inspect-builder': 'builder inspect',
  'create-builder': 'builder create',
  'suggest-builders': 'builder suggest',
  'inspect-buildpack': 'buildpack inspect',
  'package-buildpack': 'buildpack package',
  'register-buildpack': 'buildpack register',
  'yank-buildpack': 'buildpack yank',
  'set-default-builder': 'config default-builder',
  'set-run-image-mirrors': 'config run-image-mirrors add',
  'config trusted-builder': 'config trusted-builders',
  'config trust-builder': 'config trusted-builders',
  'config trust-builders': 'config trusted-builders',
  'trust-builder': 'config trusted-builders add',
  'untrust-builder': 'config trusted-builders remove',
  'list-trusted-builders': 'config trusted-builders list',
  'config registry-mirror': 'config registry-mirrors',
  'config registry': 'config registries',
  'config registreis': 'config registries',
  'add-registry': 'config registries add',
  'list-registries': 'config registries list',
  'remove-registry': 'config registries remove',
  'set-default-registry': 'config registries default',
}

/**
 * Replaces the alias that a command line begins with.
 * @param argv without the program's name
 * @param valued the options of all commands that have their value in the next word
 */
export function expandAlias(argv: readonly string[], valued: ReadonlySet<string>): readonly string[] {
  const [first, second] = commandWords(argv, valued)
  if (first === undefined) return argv
  const one = aliasOf(argv[first] ?? '')
  if (one !== undefined) return expandAlias(argv.toSpliced(first, 1, ...one), valued)
  const two = second === undefined ? undefined : aliasOf(`${argv[first]} ${argv[second]}`)
  if (second === undefined || two === undefined) return argv
  const [parent = '', ...rest] = two
  return argv.toSpliced(second, 1, ...rest).with(first, parent)
}

function aliasOf(words: string): string[] | undefined {
  return [ALIASES, KP_ALIASES].find((aliases) => Object.hasOwn(aliases, words))?.[words]?.split(' ')
}

/** Returns the positions of the first words that are neither options nor `help`. */
function commandWords(argv: readonly string[], valued: ReadonlySet<string>): number[] {
  const found: number[] = []
  for (let index = 0; index < argv.length && argv[index] !== '--'; index++) {
    const word = argv[index] ?? ''
    if (word.startsWith('-')) index += valued.has(word) ? 1 : 0
    else if (found.length > 0 || word !== 'help') found.push(index)
  }
  return found
}
