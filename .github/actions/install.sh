#!/usr/bin/env bash
# Installs the npm package cnb of the action's version. npm checks it against the checksum of the registry, and this script against the input's.
set -euo pipefail
actions=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source-path=SCRIPTDIR source=inputs.sh
. "$actions/inputs.sh"

if [[ -n $INPUT_CNB_PATH ]]; then
  cnb=$(command -v -- "$INPUT_CNB_PATH") || fail "the input 'cnb-path' names no program: $INPUT_CNB_PATH"
  output cnb "$cnb"
  exit
fi
command -v npm >/dev/null || fail 'npm is missing on this runner: use actions/setup-node before this action'
version=${INPUT_VERSION:-$(node -p 'require(process.argv[1]).version' "$(cd "$actions/../.." && pwd)/package.json")}
# npm accepts ranges and addresses too.
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || fail "the input 'version' is not a version: $version"
directory=$(job_directory)/cnb-$version
mkdir -p "$directory"
echo "::group::Install cnb $version"
npm install --prefix "$directory" --ignore-scripts --no-audit --no-fund --no-save "cnb@$version"
echo '::endgroup::'
lock="$directory/node_modules/.package-lock.json"
integrity=$(node -p 'require(process.argv[1]).packages["node_modules/cnb"].integrity' "$lock")
[[ -z $INPUT_INTEGRITY || $INPUT_INTEGRITY == "$integrity" ]] || fail "the npm package cnb@$version has the checksum $integrity, not that of the input 'integrity'"
output cnb "$directory/node_modules/cnb/bin/cnb.js"
