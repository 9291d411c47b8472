/**
 * `cnb-test/builder`: the sample builder's stack and lifecycle with one buildpack that does what the app tells it, so that a
 * test writes its buildpack as two short scripts and builds in a second or two.
 */

import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseToml, stringifyToml, type TomlTable } from '../../src/formats/toml.ts'
import { succeed } from './cnb.ts'
import { docker } from './docker.ts'
import { APP_LABEL, writeFiles } from './workbench.ts'

const SAMPLE = join(import.meta.dirname, '../../builders/sample/builder.toml')

export const BUILDER = 'cnb-test/builder'

export const SAMPLE_RUN_IMAGE = 'cnb-sample/run:bookworm'

/** What `cnb build` needs to use it. */
export const USING_BUILDER = ['--builder', BUILDER, '--pull-policy', 'never'] as const

/** One container for all phases: the quick way, for tests of what is the same in both. */
export const TRUSTED = '--trust-builder'

/** The files of a buildpack. Scripts are bash; one that is left out does nothing and succeeds. */
export function buildpackFiles(id: string, { detect = '', build = '', version = '1.0.0', toml = '' }): Record<string, string> {
  return {
    'buildpack.toml': `api = "0.11"\n\n[buildpack]\nid = "${id}"\nversion = "${version}"\n${toml}\n[[targets]]\nos = "linux"\n`,
    'bin/detect': `#!/usr/bin/env bash\nset -euo pipefail\n${detect}\n`,
    'bin/build': `#!/usr/bin/env bash\nset -euo pipefail\n${build}\n`,
  }
}

/** An app for `cnb-test/builder`: its own files, and what the buildpack does in detect and build, as bash. */
export function appFiles(build: string, files: Record<string, string> = {}, detect = 'exit 0'): Record<string, string> {
  return { 'script/detect': `${detect}\n`, 'script/build': `${build}\n`, ...files }
}

/** Bash that writes a launch.toml with processes; the first is the default. */
export function processes(commands: Readonly<Record<string, string>>): string {
  const tables = Object.entries(commands).map(
    ([type, command], index) => `[[processes]]\ntype = "${type}"\ncommand = ["bash", "-c", '''${command}''']\ndefault = ${index === 0}\n`,
  )
  return `cat >>"$CNB_LAYERS_DIR/launch.toml" <<'END_OF_TOML'\n${tables.join('\n')}\nEND_OF_TOML`
}

/** The sample builder's builder.toml with other buildpacks, all paths absolute. `order` has groups of ids. */
export async function builderToml(buildpacks: readonly { id: string; path: string }[], order: readonly (readonly string[])[]): Promise<TomlTable> {
  const sample = parseToml(await readFile(SAMPLE, 'utf8'), SAMPLE)
  const { lifecycle } = sample as { lifecycle?: { uri?: string } }
  return {
    ...sample,
    ...(lifecycle?.uri === undefined ? {} : { lifecycle: { ...lifecycle, uri: join(dirname(SAMPLE), lifecycle.uri) } }),
    description: 'runs what the app says',
    buildpacks: buildpacks.map(({ id, path }) => ({ id, uri: path })),
    order: order.map((group) => ({ group: group.map((id) => ({ id })) })),
  }
}

/** Makes a builder out of buildpack directories below `directory`, as `builderToml` describes. */
async function makeBuilder(image: string, directory: string, buildpacks: Readonly<Record<string, Record<string, string>>>): Promise<void> {
  const placed = Object.keys(buildpacks).map((id) => ({ id, path: join(directory, id.replaceAll('/', '_')) }))
  for (const { id, path } of placed) await writeFiles(path, buildpacks[id] ?? {})
  const toml = join(directory, 'builder.toml')
  await writeFiles(directory, { 'builder.toml': stringifyToml(await builderToml(placed, placed.map(({ id }) => [id]))) })
  await succeed(['builder', 'create', image, '--config', toml, '--pull-policy', 'never'])
}

/** Makes `cnb-test/builder`. */
export async function makeScriptBuilder(directory: string): Promise<void> {
  await makeBuilder(BUILDER, directory, {
    'test/script': {
      ...buildpackFiles('test/script', {
        detect: '[ -f script/detect ] || exit 100\nsource script/detect',
        build: `printf '[[labels]]\\nkey = "${APP_LABEL}"\\nvalue = ""\\n' >"$CNB_LAYERS_DIR/launch.toml"\nsource script/build`,
        toml: 'sbom-formats = ["application/vnd.cyclonedx+json"]',
      }),
      // What a buildpack that is brought in this one's place must not find.
      'only-here': '',
    },
  })
}

export async function removeScriptBuilder(): Promise<void> {
  await docker('image', 'rm', '--force', BUILDER)
}
