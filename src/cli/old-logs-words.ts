/** The flags of kpack's old `logs` tool, as published articles have them: `logs -image shop -build 1`. */

/** Its flags, which Go takes with one dash or two. A cluster's address has no meaning here. */
const FLAG = /^--?(image|build|namespace|kubeconfig|master)(?:=(.*))?$/s
const OWN_SPELLING = /^--(build|namespace)\b/

/** Converts the words of `cnb logs` with flags of the old tool, which waits until the build ends. Returns all other words as they are. */
export function convertOldLogs(argv: readonly string[]): readonly string[] {
  const command = argv.findIndex((word) => !word.startsWith('-'))
  if (argv[command] !== 'logs' || !argv.some((word) => FLAG.test(word) && !OWN_SPELLING.test(word))) return argv
  const converted: string[] = []
  for (let at = command + 1; at < argv.length; at++) {
    const [, name, given] = FLAG.exec(argv[at] ?? '') ?? []
    if (name === undefined) {
      converted.push(argv[at] ?? '')
      continue
    }
    const value = given ?? argv[++at]
    if (value === undefined) converted.push(`--${name}`)
    else if (name === 'image') converted.push(value)
    else converted.push(`--${name}`, value)
  }
  return [...argv.slice(0, command + 1), ...converted, '--follow']
}
