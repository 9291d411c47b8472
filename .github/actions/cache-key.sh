#!/usr/bin/env bash
# Determines the directory of the cache, and the beginning of its keys. Tags often change with each run, so the key is without them.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=inputs.sh
. "$(dirname "${BASH_SOURCE[0]}")/inputs.sh"

case $INPUT_CACHE in
  none | image) exit ;;
  actions) ;;
  *) fail "the input 'cache' must be none, actions or image" ;;
esac
name=${INPUT_IMAGE%%@*}
last=${name##*/}
repository=${name%"$last"}${last%%:*}
key=$(printf '%s\n' "$repository" "$INPUT_BUILDER" "$INPUT_PATH" | git hash-object --stdin)
output path "$(job_directory)/cnb-cache-$key"
output prefix "cnb-${RUNNER_OS:-}-${RUNNER_ARCH:-}-$key-"
