#!/usr/bin/env bash
# Runs cnb rebase --publish with the inputs of the action, and writes its outputs.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=inputs.sh
. "$(dirname "${BASH_SOURCE[0]}")/inputs.sh"

directory=$(mktemp -d "$(job_directory)/cnb-rebase-XXXXXX")
trap 'rm -rf "$directory"' EXIT
result="$directory/result.json"
fleet="$directory/images.txt"

# A list, also of one image, has counts in its result.
list "$INPUT_IMAGES" ',' >"$fleet"
if [[ -n $INPUT_FROM_FILE ]]; then
  [[ -f $INPUT_FROM_FILE ]] || fail "the input 'from-file' names no file: $INPUT_FROM_FILE"
  cat -- "$INPUT_FROM_FILE" >>"$fleet"
fi
[[ -s $fleet ]] || fail "no images: use the input 'images' or 'from-file'"
options=(--publish "--from-file=$fleet" "--result-file=$result")
[[ -z $INPUT_RUN_IMAGE ]] || options+=("--run-image=$INPUT_RUN_IMAGE")
if is_true dry-run "$INPUT_DRY_RUN"; then options+=(--dry-run); fi
if is_true summary "$INPUT_SUMMARY"; then options+=("--summary-file=$GITHUB_STEP_SUMMARY"); fi
while IFS= read -r value; do options+=("$value"); done < <(list "$INPUT_ARGS")

exit=0
"$CNB" rebase "${options[@]}" || exit=$?
for count in rebased outdated unchanged failed; do
  output "$count" "$(jq -r --arg count "$count" '.summary[$count] // ""' "$result")"
done
# Exit code 3 says that a dry run found an outdated image: an answer, not a failure.
[[ $exit == 3 ]] || exit "$exit"
