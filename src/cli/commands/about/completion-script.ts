/** Scripts that complete command lines in a shell. */

export type Shell = 'bash' | 'fish' | 'powershell' | 'zsh'

/** A command (`''` for the program itself) with the words that may follow it. All consist of letters, digits and dashes. */
export interface CompletedCommand {
  readonly name: string
  readonly words: readonly string[]
}

/** Returns the script for a shell: a table of words by command. Where no word fits, the shell completes names of files. */
export function completionScript(shell: Shell, program: string, commands: readonly CompletedCommand[]): string {
  const note = `# Completion of ${program} for ${shell}, written by '${program} completion'.`
  switch (shell) {
    case 'bash':
      return `${note}\n${posixTable(program, commands)}\n${bashFunction(program)}`
    case 'zsh':
      return `${note}\n${posixTable(program, commands)}\n${zshFunction(program)}`
    case 'fish':
      return `${note}\n${fishLines(program, commands)}`
    case 'powershell':
      return `${note}\n${powershellBlock(program, commands)}`
  }
}

function posixTable(program: string, commands: readonly CompletedCommand[]): string {
  const cases = commands.map(({ name, words }) => `    '${name}') echo '${words.join(' ')}' ;;`)
  return [`_${program}_words() {`, '  case "$1" in', ...cases, '  esac', '}'].join('\n')
}

/** Finds the longest known command at the start of the line: options are skipped. */
const COMMAND_SO_FAR = (program: string, words: string): string => `  local name='' word
  for word in ${words}; do
    [[ $word == -* ]] && continue
    if [[ -n $(_${program}_words "\${name:+$name }$word") ]]; then name="\${name:+$name }$word"; else break; fi
  done`

function bashFunction(program: string): string {
  return `_${program}() {
${COMMAND_SO_FAR(program, '"${COMP_WORDS[@]:1:COMP_CWORD-1}"')}
  COMPREPLY=($(compgen -W "$(_${program}_words "$name")" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _${program} ${program}
`
}

function zshFunction(program: string): string {
  return `_${program}() {
${COMMAND_SO_FAR(program, '"${words[@]:1:$((CURRENT-2))}"')}
  compadd -- $(_${program}_words "$name") || _files
}
compdef _${program} ${program}
`
}

function fishLines(program: string, commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ name, words }) => {
    const parts = name.split(' ').filter(Boolean)
    const below = words.filter((word) => !word.startsWith('-'))
    const seen = parts.map((part) => `__fish_seen_subcommand_from ${part}`)
    const unseen = below.length > 0 ? [`not __fish_seen_subcommand_from ${below.join(' ')}`] : []
    return [`complete -c ${program} -n '${[...seen, ...unseen].join('; and ') || 'true'}' -a '${words.join(' ')}'`]
  })
  return `${lines.join('\n')}\n`
}

function powershellBlock(program: string, commands: readonly CompletedCommand[]): string {
  const entries = commands.map(({ name, words }) => `  '${name}' = @(${words.map((word) => `'${word}'`).join(', ')})`)
  return `$${program}Words = @{
${entries.join('\n')}
}
Register-ArgumentCompleter -Native -CommandName ${program} -ScriptBlock {
  param($wordToComplete, $commandAst)
  $name = ''
  foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
    $next = "$name $element".Trim()
    if ($${program}Words.ContainsKey($next)) { $name = $next }
  }
  $${program}Words[$name] | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
`
}
