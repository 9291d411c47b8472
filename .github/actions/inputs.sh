# Functions for the values of inputs; sourced by bash.
# shellcheck shell=bash

# Ends the step with an annotation. A line break would end the command.
fail() {
  local message=${1//%/%25}
  message=${message//$'\r'/%0D}
  echo "::error title=cnb::${message//$'\n'/%0A}"
  exit 2
}

# Writes an output of the step. The value is on one line, so it cannot add another output.
output() {
  [[ $2 != *[$'\r\n']* ]] || fail "the output '$1' has a line break"
  printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# Whether an input is true; any other value than true, false and nothing is an error.
is_true() {
  case $2 in
    true) return 0 ;;
    false | '') return 1 ;;
    *) fail "the input '$1' must be true or false" ;;
  esac
}

# Prints the elements of a list, separated by line breaks or by the second argument, without white space around them.
list() {
  local element text=${1//$'\r'/$'\n'}
  [[ -z ${2:-} ]] || text=${text//"$2"/$'\n'}
  while IFS=$' \t' read -r element; do
    [[ -z $element ]] || printf '%s\n' "$element"
  done <<<"$text"
}

# The directory for files of the runner's job.
job_directory() {
  printf '%s' "${RUNNER_TEMP:-${TMPDIR:-/tmp}}"
}
