/** The files of a new buildpack in Go, compiled on the author's machine for each platform. */

import { CnbError } from '../../../base/errors.ts'
import type { BuildTarget } from '../../../buildpacks/buildpack-descriptor.ts'
import { SAMPLE_APP } from './bash-files.ts'
import { descriptorFile, readmeFile, shortName, type NewModule } from './module-files.ts'
import type { NewFile } from './new-directory.ts'

/** Returns the files. @throws CnbError CNB_USAGE for a target without an architecture */
export function goFiles(module: NewModule): NewFile[] {
  // With a host, it cannot be mistaken for a package of the standard library.
  const path = `example.com/${shortName(module).toLowerCase()}`
  const platforms = [...new Set(module.targets.map(platformOf))]
  return [
    descriptorFile(module),
    { path: 'go.mod', text: `module ${path}\n\ngo 1.21\n` },
    { path: 'cmd/detect/main.go', text: DETECT.replace('MODULE', path) },
    { path: 'cmd/build/main.go', text: BUILD.replace('MODULE', path) },
    { path: 'hello/hello.go', text: HELLO.replace('ID', `${module.id} ${module.version}`) },
    { path: 'hello/hello_test.go', text: TEST },
    { path: 'compile.sh', text: compileScript(platforms), executable: true },
    { path: '.gitignore', text: `${[...new Set(platforms.map((platform) => `/${platform.split(' ')[0]}/`))].join('\n')}\n` },
    SAMPLE_APP,
    readmeFile(module, {
      files: [
        ['buildpack.toml', 'ID, version and target platforms'],
        ['hello', "the buildpack's logic, with its tests"],
        ['cmd', 'the programs `detect` and `build`'],
        ['compile.sh', 'compiles both for each platform'],
        ['test/app', 'a sample app'],
      ],
      test: 'go test ./...',
      prepare: {
        text: 'Builders have no Go compiler. This compiles `detect` and `build` to `linux/amd64/bin` and the folders of other platforms, which cnb uses for packages and builds:',
        commands: './compile.sh',
      },
    }),
  ]
}

function platformOf({ os = 'linux', arch }: BuildTarget): string {
  if (arch) return `${os} ${arch}`
  throw new CnbError('CNB_USAGE', `invalid --targets '${os}': a buildpack in Go needs an architecture`, { hint: "Use, for example, 'linux/amd64'." })
}

function compileScript(platforms: readonly string[]): string {
  return `#!/bin/sh
# Compiles cmd/detect and cmd/build for the platforms of buildpack.toml: <os>/<arch>/bin. The same source results in the same bytes.
set -eu
cd "$(dirname "$0")"

compile() {
  GOOS=$1 GOARCH=$2 CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags='-s -w' -o "$1/$2/bin/" ./cmd/...
}

${platforms.map((platform) => `compile ${platform}`).join('\n')}
`
}

const DETECT = `// Decides whether the buildpack is for the app in the working directory.
package main

import (
	"os"

	"MODULE/hello"
)

func main() {
	if !hello.Detect(".") {
		// The buildpack is not for this app.
		os.Exit(100)
	}
}
`

const BUILD = `// Adds layers and processes to the image of the app in the working directory.
package main

import (
	"fmt"
	"os"

	"MODULE/hello"
)

func main() {
	fmt.Println("---> Adding hello")
	if err := hello.Build(os.Getenv("CNB_LAYERS_DIR")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
`

const HELLO = `// Package hello adds the program 'hello', and the process that starts run.sh.
package hello

import (
	"os"
	"path/filepath"
)

const program = \`#!/bin/sh
echo "Hello from ID"
\`

// The layer is part of the app image, where its bin directory is on the PATH.
const layerTOML = \`[types]
launch = true
\`

const launchTOML = \`[[processes]]
type = "web"
command = ["sh", "run.sh"]
default = true
\`

// Detect returns whether the app has a run.sh.
func Detect(app string) bool {
	_, err := os.Stat(filepath.Join(app, "run.sh"))
	return err == nil
}

// Build writes the layer and launch.toml to the layers directory.
func Build(layers string) error {
	bin := filepath.Join(layers, "hello", "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(bin, "hello"), []byte(program), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(layers, "hello.toml"), []byte(layerTOML), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(layers, "launch.toml"), []byte(launchTOML), 0o644)
}
`

const TEST = `package hello

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestDetectAcceptsTheSampleApp(t *testing.T) {
	if !Detect("../test/app") {
		t.Error("the sample app is rejected")
	}
}

func TestDetectRejectsAnAppWithoutRunScript(t *testing.T) {
	if Detect(t.TempDir()) {
		t.Error("an empty app is accepted")
	}
}

func TestBuildAddsProgramAndProcess(t *testing.T) {
	layers := t.TempDir()
	if err := Build(layers); err != nil {
		t.Fatal(err)
	}
	output, err := exec.Command(filepath.Join(layers, "hello", "bin", "hello")).Output()
	if err != nil || !strings.HasPrefix(string(output), "Hello from ") {
		t.Errorf("hello prints %q, %v", output, err)
	}
	launch, err := os.ReadFile(filepath.Join(layers, "launch.toml"))
	if err != nil || !strings.Contains(string(launch), \`type = "web"\`) {
		t.Errorf("launch.toml is %q, %v", launch, err)
	}
}
`
