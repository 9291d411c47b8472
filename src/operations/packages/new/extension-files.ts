/** The files of a new image extension, in Bash. */

import { descriptorFile, readmeFile, shortName, type NewModule } from './module-files.ts'
import type { NewFile } from './new-directory.ts'

/** Returns the files. */
export function extensionFiles(module: NewModule): NewFile[] {
  return [
    // An extension has no targets.
    descriptorFile({ ...module, targets: [] }),
    { path: 'bin/detect', text: DETECT, executable: true },
    { path: 'bin/generate', text: GENERATE.replaceAll('FILE', shortName(module)).replaceAll('ID', module.id), executable: true },
    { path: 'test/test.sh', text: TEST, executable: true },
    readmeFile(module, {
      files: [
        ['extension.toml', 'ID and version'],
        ['bin/detect', 'decides whether the extension is for an app'],
        ['bin/generate', 'writes the Dockerfiles that extend the build image and the run image'],
        ['test/test.sh', 'runs both as a builder does, without a container engine'],
      ],
      test: 'test/test.sh',
    }),
  ]
}

const DETECT = `#!/usr/bin/env bash
# Passes for all apps. Exit code 100: the extension is not for this app.
set -euo pipefail

exit 0
`

const GENERATE = `#!/usr/bin/env bash
# Writes the Dockerfiles that extend the build image and the run image.
set -euo pipefail

# Replace the command by what your apps need, for example: apt-get update && apt-get install --yes graphviz
command='echo "Added by ID" > /etc/FILE.txt'

cat > "$CNB_OUTPUT_DIR/build.Dockerfile" <<END
ARG base_image
FROM \\\${base_image}

USER root
RUN $command

ARG user_id
USER \\\${user_id}
END

# The label forbids a rebase, which would replace the run image by one without these changes.
cat > "$CNB_OUTPUT_DIR/run.Dockerfile" <<END
ARG base_image
FROM \\\${base_image}

USER root
RUN $command

ARG user_id
USER \\\${user_id}
LABEL io.buildpacks.rebasable=false
END
`

const TEST = `#!/usr/bin/env bash
# Runs bin/detect and bin/generate as the lifecycle does: in the app's directory, with the variables of the Buildpack API.
set -euo pipefail

extension=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CNB_EXTENSION_DIR=$extension CNB_OUTPUT_DIR=$work/output CNB_PLATFORM_DIR=$work/platform
export CNB_BUILD_PLAN_PATH=$work/plan.toml CNB_BP_PLAN_PATH=$work/plan.toml
mkdir -p "$work/app" "$work/output" "$work/platform/env"
touch "$work/plan.toml"

fail() {
  echo "FAILED: $1" >&2
  exit 1
}

cd "$work/app"
"$extension/bin/detect" || fail "detect rejects an app"
"$extension/bin/generate" || fail "generate fails"
for image in build run; do
  file="$work/output/$image.Dockerfile"
  grep -q '^ARG base_image$' "$file" || fail "$image.Dockerfile does not start from the base image"
  grep -q '^USER \${user_id}$' "$file" || fail "$image.Dockerfile does not return to the user of the image"
done

echo "All tests pass."
`
