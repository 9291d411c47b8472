#!/usr/bin/env bash
# Runs cnb build with the inputs of the action, and writes its outputs.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=inputs.sh
. "$(dirname "${BASH_SOURCE[0]}")/inputs.sh"

directory=$(mktemp -d "$(job_directory)/cnb-build-XXXXXX")
trap 'rm -rf "$directory"' EXIT
result="$directory/result.json"

# The form --option=value: a value that begins with a dash is no option.
options=("--path=$INPUT_PATH" "--result-file=$result")
[[ -z $INPUT_BUILDER ]] || options+=("--builder=$INPUT_BUILDER")
if is_true publish "$INPUT_PUBLISH"; then options+=(--publish); fi
if is_true if-changed "$INPUT_IF_CHANGED"; then options+=(--if-changed); fi
if is_true summary "$INPUT_SUMMARY"; then options+=("--summary-file=$GITHUB_STEP_SUMMARY"); fi
while IFS= read -r value; do options+=("--tag=$value"); done < <(list "$INPUT_TAGS" ',')
while IFS= read -r value; do options+=("--platform=$value"); done < <(list "$INPUT_PLATFORMS" ',')
while IFS= read -r value; do options+=("--env=$value"); done < <(list "$INPUT_ENV")
case $INPUT_CACHE in
  actions)
    mkdir -p "$CACHE_PATH"
    options+=("--cache=type=build;format=bind;source=$CACHE_PATH")
    ;;
  image)
    [[ -n $INPUT_CACHE_IMAGE ]] || fail "the cache 'image' needs the input 'cache-image'"
    options+=("--cache-image=$INPUT_CACHE_IMAGE")
    ;;
esac
while IFS= read -r value; do options+=("$value"); done < <(list "$INPUT_ARGS")

"$CNB" build "${options[@]}" -- "$INPUT_IMAGE"

image=$(jq -r '.reference' "$result")
output image "$image"
output digest "${image##*@}"
output reason "$(jq -r '.reason // ""' "$result")"
output unchanged "$(jq -r '.unchanged // false' "$result")"
if [[ $INPUT_CACHE == actions ]]; then
  # The cache's own descriptions name all layers by digest: an equal cache has an equal key, and is not saved again.
  output cache-key "$CACHE_PREFIX$(find "$CACHE_PATH" -type f ! -name '*.tar' -print0 | sort -z | xargs -0 cat -- | git hash-object --stdin)"
fi
