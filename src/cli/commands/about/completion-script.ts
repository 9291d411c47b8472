/** Scripts that complete command lines in a shell. */

export type Shell = 'bash' | 'fish' | 'powershell' | 'zsh'

/** A command (`''` for the program itself) with the words that may follow it. All consist of letters, digits and dashes. */
export interface CompletedCommand {
  readonly name: string
  readonly words: readonly string[]
}

/** The words of all commands. */
export interface Completed {
  readonly commands: readonly CompletedCommand[]
  /** The options of all commands with a value, which the shell completes as the name of a file. */
  readonly valued: readonly string[]
}

/**
 * Returns the script for a shell: a table of words by command. Where no word fits, and for the value of an option, the shell completes
 * names of files.
 */
export function completionScript(shell: Shell, program: string, completed: Completed): string {
  const note = `# Completion of ${program} for ${shell}, written by '${program} completion'.`
  const script = { bash: bashScript, zsh: zshScript, fish: fishScript, powershell: powershellScript }[shell]
  return `${note}\n${script(program, completed)}`
}

function posixTable(program: string, { commands, valued }: Completed): string {
  const cases = commands.map(({ name, words }) => `    '${name}') echo '${words.join(' ')}' ;;`)
  return [`_${program}_words() {`, '  case "$1" in', ...cases, '  esac', '}', `_${program}_valued=' ${valued.join(' ')} '`].join('\n')
}

/** Finds the longest known command at the start of the line, without options and their values, and whether the next word is a value. */
const commandSoFar = (program: string, words: string): string => `  local name='' last='' ended='' word
  for word in ${words}; do
    if [[ $_${program}_valued == *" $last "* ]]; then last=''; continue; fi
    last=$word
    [[ -n $ended || $word == -* ]] && continue
    if [[ -n $(_${program}_words "\${name:+$name }$word") ]]; then name="\${name:+$name }$word"; else ended=yes; fi
  done`

function bashScript(program: string, completed: Completed): string {
  return `${posixTable(program, completed)}
_${program}() {
${commandSoFar(program, '"${COMP_WORDS[@]:1:COMP_CWORD-1}"')}
  COMPREPLY=()
  [[ $_${program}_valued == *" $last "* ]] || COMPREPLY=($(compgen -W "$(_${program}_words "$name")" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _${program} ${program}
`
}

function zshScript(program: string, completed: Completed): string {
  return `${posixTable(program, completed)}
_${program}() {
${commandSoFar(program, '"${words[@]:1:$((CURRENT-2))}"')}
  if [[ $_${program}_valued == *" $last "* ]]; then _files; else compadd -- $(_${program}_words "$name") || _files; fi
}
compdef _${program} ${program}
`
}

function fishScript(program: string, { commands, valued }: Completed): string {
  const cases = commands.map(({ name, words }) => `    case '${name}'\n      string split -- ' ' '${words.join(' ')}'`)
  return `function __${program}_words
  switch "$argv"
${cases.join('\n')}
  end
end
set -g __${program}_valued ${valued.join(' ')}
function __${program}_complete
  set -l name
  set -l last ''
  set -l ended no
  for word in (commandline -opc)[2..-1]
    if contains -- "$last" $__${program}_valued
      set last ''
      continue
    end
    set last $word
    if test $ended = yes; or string match -q -- '-*' $word
      continue
    end
    if test (count (__${program}_words $name $word)) -gt 0
      set -a name $word
    else
      set ended yes
    end
  end
  set -l found
  if not contains -- "$last" $__${program}_valued
    set found (string match -- (commandline -ct)'*' (__${program}_words $name))
  end
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c ${program} -f -a '(__${program}_complete)'
`
}

function powershellScript(program: string, { commands, valued }: Completed): string {
  const list = (words: readonly string[]): string => `@(${words.map((word) => `'${word}'`).join(', ')})`
  return `$${program}Words = @{
${commands.map(({ name, words }) => `  '${name}' = ${list(words)}`).join('\n')}
}
$${program}Valued = ${list(valued)}
Register-ArgumentCompleter -Native -CommandName ${program} -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $name = ''
  $last = ''
  $ended = $false
  foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
    if ($element.Extent.EndOffset -ge $cursorPosition) { break }
    $word = $element.Extent.Text
    if ($${program}Valued -ccontains $last) { $last = ''; continue }
    $last = $word
    if ($ended -or $word.StartsWith('-')) { continue }
    $next = "$name $word".Trim()
    if ($${program}Words.ContainsKey($next)) { $name = $next } else { $ended = $true }
  }
  if ($${program}Valued -ccontains $last) { return }
  $${program}Words[$name] | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
`
}
