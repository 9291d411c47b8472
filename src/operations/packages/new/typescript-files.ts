/** The files of a new buildpack in TypeScript: Node.js runs the sources without a compiler. */

import { SAMPLE_APP } from './bash-files.ts'
import { descriptorFile, readmeFile, shortName, type NewModule } from './module-files.ts'
import type { NewFile } from './new-directory.ts'

/** Returns the files. */
export function typeScriptFiles(module: NewModule): NewFile[] {
  return [
    descriptorFile(module),
    { path: 'package.json', text: packageJson(shortName(module).toLowerCase(), module.version) },
    { path: 'tsconfig.json', text: TSCONFIG },
    { path: 'bin/detect', text: starter('detect'), executable: true },
    { path: 'bin/build', text: starter('build'), executable: true },
    { path: 'bin/run', text: RUN, executable: true },
    { path: 'src/detect.ts', text: DETECT },
    { path: 'src/build.ts', text: BUILD.replace('ID', `${module.id} ${module.version}`) },
    { path: 'test/buildpack.test.ts', text: TEST },
    { path: '.gitignore', text: '/bin/node\n/node_modules/\n' },
    SAMPLE_APP,
    readmeFile(module, {
      files: [
        ['buildpack.toml', 'ID, version and target platforms'],
        ['src/detect.ts', 'decides whether the buildpack is for an app'],
        ['src/build.ts', 'adds layers and processes to the image'],
        ['bin', 'the programs that the lifecycle starts, and Node.js for them'],
        ['test/buildpack.test.ts', 'runs both as a builder does, without a container engine'],
        ['test/app', 'a sample app'],
      ],
      test: 'npm test      # Node.js 22.18 or newer',
      prepare: {
        text:
          'Build images have no Node.js until a buildpack installs it, so this buildpack brings its own. On Linux, this copies the Node.js that runs npm to `bin/node`. ' +
          'For another platform, copy `bin/node` from its archive at https://nodejs.org/en/download. Without `bin/node`, the build image needs Node.js 22.18 or newer.',
        commands: 'npm run add-node',
      },
    }),
  ]
}

function packageJson(name: string, version: string): string {
  const scripts = { test: 'node --test test/*.test.ts', 'add-node': 'cp "$(node --print process.execPath)" bin/node' }
  return `${JSON.stringify({ name, version, private: true, type: 'module', engines: { node: '>=22.18' }, scripts }, null, 2)}\n`
}

const TSCONFIG = `${JSON.stringify(
  {
    compilerOptions: {
      target: 'es2024', module: 'nodenext', strict: true, noEmit: true, erasableSyntaxOnly: true, verbatimModuleSyntax: true, allowImportingTsExtensions: true,
    },
    include: ['src', 'test'],
  },
  null,
  2,
)}\n`

function starter(name: string): string {
  return `#!/usr/bin/env bash\nset -euo pipefail\nexec "$CNB_BUILDPACK_DIR/bin/run" ${name}\n`
}

const RUN = `#!/usr/bin/env bash
# Runs src/<name>.ts with the Node.js of this buildpack, or else with that of the build image.
set -euo pipefail

node="$CNB_BUILDPACK_DIR/bin/node"
if [[ ! -x $node ]]; then
  node=$(command -v node) || {
    echo "cannot run the buildpack: it has no bin/node, and the build image has no Node.js (run 'npm run add-node' before packaging)" >&2
    exit 1
  }
fi
exec "$node" --disable-warning=ExperimentalWarning "$CNB_BUILDPACK_DIR/src/$1.ts"
`

const DETECT = `// Decides whether the buildpack is for the app in the working directory.

import { existsSync } from 'node:fs'

// Exit code 100: the buildpack is not for this app.
process.exitCode = existsSync('run.sh') ? 0 : 100
`

const BUILD = `// Adds a layer with the program 'hello', and the process that starts run.sh.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const layers: string | undefined = process.env.CNB_LAYERS_DIR
if (layers === undefined) throw new Error('CNB_LAYERS_DIR is not set')

console.log('---> Adding hello')
const bin = join(layers, 'hello', 'bin')
await mkdir(bin, { recursive: true })
await writeFile(join(bin, 'hello'), '#!/bin/sh\\necho "Hello from ID"\\n', { mode: 0o755 })

// The layer is part of the app image, where its bin directory is on the PATH.
await writeFile(join(layers, 'hello.toml'), '[types]\\nlaunch = true\\n')
await writeFile(join(layers, 'launch.toml'), '[[processes]]\\ntype = "web"\\ncommand = ["sh", "run.sh"]\\ndefault = true\\n')
`

const TEST = `import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'

const buildpack = join(import.meta.dirname, '..')
let work: string

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'buildpack-'))
})
afterEach(() => rmSync(work, { recursive: true }))

/** Runs bin/detect or bin/build as the lifecycle does: in the app's directory, with the variables of the Buildpack API. */
function run(name: 'detect' | 'build', app: string): number | null {
  const env = { ...process.env, CNB_BUILDPACK_DIR: buildpack, CNB_LAYERS_DIR: work }
  return spawnSync(join(buildpack, 'bin', name), { cwd: app, env, stdio: ['ignore', 'ignore', 'inherit'] }).status
}

test('detect rejects an app without run.sh', () => {
  assert.equal(run('detect', work), 100)
})

test('detect accepts the sample app', () => {
  assert.equal(run('detect', join(buildpack, 'test/app')), 0)
})

test('build adds the program and the process', () => {
  assert.equal(run('build', join(buildpack, 'test/app')), 0)
  assert.match(execFileSync(join(work, 'hello/bin/hello')).toString(), /^Hello from /)
  assert.match(readFileSync(join(work, 'launch.toml'), 'utf8'), /type = "web"/)
})
`
