/** Scripts that complete command lines in a shell. */

export type Shell = 'bash' | 'fish' | 'powershell' | 'zsh'

/**
 * Returns the script for a shell. It runs `<program> __complete`, which prints a proposal on each line. The last line is `:files` or
 * `:directories` if the shell completes these itself, and otherwise `:end`. No script evaluates a word or a proposal.
 */
export function completionScript(shell: Shell, program: string): string {
  return { bash: bashScript, zsh: zshScript, fish: fishScript, powershell: powershellScript }[shell](program)
}

const note = (shell: Shell, program: string): string => `# Completion of ${program} for ${shell}, written by '${program} completion'.`

/** Bash splits words at colons and equals signs and replaces the last part only, so the script splits the line itself. */
function bashScript(program: string): string {
  return `${note('bash', program)}
_${program}() {
  local IFS=$' \\t\\n' line=\${COMP_LINE:0:COMP_POINT} current='' prefix='' word
  local -a typed=()
  read -ra typed <<< "$line"
  if [[ $line != *[[:space:]] ]]; then
    current=\${typed[\${#typed[@]}-1]}
    unset "typed[\${#typed[@]}-1]"
  fi
  [[ $COMP_WORDBREAKS == *[:=]* ]] && prefix=\${current%"\${current##*[:=]}"}
  COMPREPLY=()
  while IFS= read -r word; do
    case $word in
      :files) ;;
      :directories) compopt +o default -o dirnames 2> /dev/null ;;
      :end) compopt +o default 2> /dev/null ;;
      *=) COMPREPLY+=("\${word#"$prefix"}"); compopt -o nospace 2> /dev/null ;;
      *) COMPREPLY+=("\${word#"$prefix"}") ;;
    esac
  done < <(command ${program} __complete "+$current" "\${typed[@]:1}" 2> /dev/null)
}
complete -o default -F _${program} ${program}
`
}

/** The first line and the last one are for a file in fpath, which zsh runs at the first completion. */
function zshScript(program: string): string {
  return `#compdef ${program}
${note('zsh', program)}
_${program}() {
  emulate -L zsh
  local -a lines
  lines=("\${(@f)$(command ${program} __complete "+\${(Q)words[CURRENT]}" "\${(@Q)words[2,CURRENT-1]}" 2> /dev/null)}")
  case $lines[-1] in
    :files) _files ;;
    :directories) _files -/ ;;
    :end) (( $#lines > 1 )) && compadd -- "\${(@)lines[1,-2]}" ;;
  esac
}
(( $+functions[compdef] )) && compdef _${program} ${program}
[[ $funcstack[1] != _${program} ]] || _${program} "$@"
`
}

function fishScript(program: string): string {
  return `${note('fish', program)}
function __${program}_complete
  set -l typed (commandline -opc)
  set -l current (commandline -ct)
  set -l lines (command ${program} __complete "+$current" $typed[2..-1] 2> /dev/null)
  switch "$lines[-1]"
    case ':files'
      __fish_complete_path "$current"
    case ':directories'
      __fish_complete_directories "$current"
    case ':end'
      set -e lines[-1]
      test (count $lines) -gt 0; and printf '%s\\n' $lines
  end
end
complete -c ${program} -f -a '(__${program}_complete)'
`
}

/** Without results, PowerShell completes files. */
function powershellScript(program: string): string {
  return `${note('powershell', program)}
Register-ArgumentCompleter -Native -CommandName ${program} -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $typed = @($commandAst.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.Extent.Text })
  $lines = @(& ${program} __complete "+$wordToComplete" @typed 2> $null)
  if ($lines.Count -lt 2) { return }
  $lines | Select-Object -SkipLast 1 | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
}
`
}
