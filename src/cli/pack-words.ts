/** Commands of pack 0.40 that cnb does not have. */

const NONE = 'Leave it out: cnb has no equivalent of this pack feature.'

/** What to use instead of a pack command, as a sentence. An entry also covers the subcommands of the command. */
const COMMANDS: Readonly<Record<string, string>> = {
  'buildpack register': "Open an issue in the registry's repository; cnb opens no browser.",
  'buildpack yank': "Open an issue in the registry's repository; cnb opens no browser.",
  ...Object.fromEntries(['extension pull', 'extension register', 'extension yank', 'stack'].map((name) => [name, NONE])),
}

/** Returns what to use instead of a pack command that cnb does not have; undefined if pack has no such command either. */
export function insteadOfCommand(words: readonly string[]): string | undefined {
  const [one = '', two = ''] = words
  return find(COMMANDS, `${one} ${two}`) ?? find(COMMANDS, one)
}

function find(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}
