/** The files of a new buildpack in Bash. */

import { descriptorFile, readmeFile, type NewModule } from './module-files.ts'
import type { NewFile } from './new-directory.ts'

/** The sample app of all languages: it calls the program that the buildpack adds. */
export const SAMPLE_APP: NewFile = { path: 'test/app/run.sh', text: '#!/bin/sh\nhello\n', executable: true }

/** Returns the files. */
export function bashFiles(module: NewModule): NewFile[] {
  return [
    descriptorFile(module),
    { path: 'bin/detect', text: DETECT, executable: true },
    { path: 'bin/build', text: BUILD.replace('ID', `${module.id} ${module.version}`), executable: true },
    { path: 'test/test.sh', text: TEST, executable: true },
    SAMPLE_APP,
    readmeFile(module, {
      files: [
        ['buildpack.toml', 'ID, version and target platforms'],
        ['bin/detect', 'decides whether the buildpack is for an app'],
        ['bin/build', 'adds layers and processes to the image'],
        ['test/test.sh', 'runs both as a builder does, without a container engine'],
        ['test/app', 'a sample app'],
      ],
      test: 'test/test.sh',
    }),
  ]
}

const DETECT = `#!/usr/bin/env bash
# Passes if the app has a run.sh. Exit code 100: the buildpack is not for this app.
set -euo pipefail

[[ -f run.sh ]] || exit 100
`

const BUILD = `#!/usr/bin/env bash
# Adds a layer with the program 'hello', and the process that starts run.sh.
set -euo pipefail

echo "---> Adding hello"
layer="$CNB_LAYERS_DIR/hello"
mkdir -p "$layer/bin"
cat > "$layer/bin/hello" <<'END'
#!/bin/sh
echo "Hello from ID"
END
chmod +x "$layer/bin/hello"

# The layer is part of the app image, where its bin directory is on the PATH.
cat > "$layer.toml" <<'END'
[types]
launch = true
END

cat > "$CNB_LAYERS_DIR/launch.toml" <<'END'
[[processes]]
type = "web"
command = ["sh", "run.sh"]
default = true
END
`

const TEST = `#!/usr/bin/env bash
# Runs bin/detect and bin/build as the lifecycle does: in the app's directory, with the variables of the Buildpack API.
set -euo pipefail

buildpack=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CNB_BUILDPACK_DIR=$buildpack CNB_LAYERS_DIR=$work/layers CNB_PLATFORM_DIR=$work/platform
export CNB_BUILD_PLAN_PATH=$work/plan.toml CNB_BP_PLAN_PATH=$work/plan.toml
mkdir -p "$work/empty" "$work/layers" "$work/platform/env"
touch "$work/plan.toml"

fail() {
  echo "FAILED: $1" >&2
  exit 1
}

cd "$work/empty"
code=0
"$buildpack/bin/detect" || code=$?
[[ $code -eq 100 ]] || fail "detect does not reject an app without run.sh (exit code $code)"

cp -R "$buildpack/test/app" "$work/app"
cd "$work/app"
"$buildpack/bin/detect" || fail "detect rejects the sample app"
"$buildpack/bin/build" > /dev/null || fail "build fails"
[[ $("$work/layers/hello/bin/hello") == "Hello from "* ]] || fail "hello prints no greeting"
grep -q 'launch = true' "$work/layers/hello.toml" || fail "the layer is not in the app image"
grep -q 'type = "web"' "$work/layers/launch.toml" || fail "the web process is missing"

echo "All tests pass."
`
