/**
 * `cnb-test/builder-…`: a builder with one buildpack that runs the app's scripts.
 *
 * It has the sample builder's stack and lifecycle. A
 * test writes its buildpack as two short scripts, and a build takes one or two seconds.
 */

import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseToml, stringifyToml, type TomlTable } from '../../src/formats/toml.ts'
import { succeed } from './cnb.ts'
import { docker } from './engines/docker.ts'
import { APP_LABEL, writeFiles } from './workbench.ts'

const SAMPLE = join(import.meta.dirname, '../../builders/sample/builder.toml')

/**
 * Unique to each run, because several runs can use one engine. The first process to load this file is vitest's
 * main process, in its global set-up; its workers inherit the environment.
 */
export const BUILDER = (process.env['CNB_TEST_BUILDER'] ??= `cnb-test/builder-${randomBytes(4).toString('hex')}`)

export const SAMPLE_RUN_IMAGE = 'cnb-sample/run:bookworm'

/** The options with which `cnb build` uses the builder. */
export const USING_BUILDER = ['--builder', BUILDER, '--pull-policy', 'never'] as const

/** One container for all phases, which is faster, for tests that do not depend on the number of containers. */
export const TRUSTED = '--trust-builder'

/** Returns the files of a buildpack. Scripts are bash; a missing one does nothing and succeeds. */
export function buildpackFiles(id: string, { detect = '', build = '', version = '1.0.0', toml = '' }): Record<string, string> {
  return {
    'buildpack.toml': `api = "0.11"\n\n[buildpack]\nid = "${id}"\nversion = "${version}"\n${toml}\n[[targets]]\nos = "linux"\n`,
    'bin/detect': `#!/usr/bin/env bash\nset -euo pipefail\n${detect}\n`,
    'bin/build': `#!/usr/bin/env bash\nset -euo pipefail\n${build}\n`,
  }
}

/** Returns the files of an app for the script builder, with the bash scripts for detect and build. */
export function appFiles(build: string, files: Record<string, string> = {}, detect = 'exit 0'): Record<string, string> {
  return { 'script/detect': `${detect}\n`, 'script/build': `${build}\n`, ...files }
}

/** Returns bash that writes a launch.toml with processes; the first one is the default. */
export function processes(commands: Readonly<Record<string, string>>): string {
  const tables = Object.entries(commands).map(
    ([type, command], index) => `[[processes]]\ntype = "${type}"\ncommand = ["bash", "-c", '''${command}''']\ndefault = ${index === 0}\n`,
  )
  return `cat >>"$CNB_LAYERS_DIR/launch.toml" <<'END_OF_TOML'\n${tables.join('\n')}\nEND_OF_TOML`
}

/** Returns the sample builder's builder.toml with other buildpacks and absolute paths. `order` has groups of IDs. */
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

/** Creates a builder from the buildpack directories below `directory`, as `builderToml` describes. */
async function makeBuilder(
  image: string,
  directory: string,
  buildpacks: Readonly<Record<string, Record<string, string>>>,
  change: (toml: TomlTable) => TomlTable = (toml) => toml,
): Promise<void> {
  const placed = Object.keys(buildpacks).map((id) => ({ id, path: join(directory, id.replaceAll('/', '_')) }))
  for (const { id, path } of placed) await writeFiles(path, buildpacks[id] ?? {})
  const toml = join(directory, 'builder.toml')
  await writeFiles(directory, { 'builder.toml': stringifyToml(change(await builderToml(placed, placed.map(({ id }) => [id])))) })
  await succeed(['builder', 'create', image, '--config', toml, '--pull-policy', 'never'])
}

/** Returns the files of a buildpack that runs the app's scripts. */
export function scriptBuildpackFiles(id: string): Record<string, string> {
  return buildpackFiles(id, {
    detect: '[ -f script/detect ] || exit 100\nsource script/detect',
    build: `printf '[[labels]]\\nkey = "${APP_LABEL}"\\nvalue = ""\\n' >"$CNB_LAYERS_DIR/launch.toml"\nsource script/build`,
    toml: 'sbom-formats = ["application/vnd.cyclonedx+json"]',
  })
}

// A buildpack that replaces this one must not find the file only-here.
const SCRIPT_BUILDPACK = { 'test/script': { ...scriptBuildpackFiles('test/script'), 'only-here': '' } }

/** Creates the script builder. */
export async function makeScriptBuilder(directory: string): Promise<void> {
  await makeBuilder(BUILDER, directory, SCRIPT_BUILDPACK)
}

/** Creates a script builder with another build user. */
export async function builderWithUser(image: string, directory: string, uid: number, gid: number): Promise<void> {
  await builderOnto(image, directory, ['true'], [`USER ${uid}:${gid}`, `ENV CNB_USER_ID=${uid}`, `ENV CNB_GROUP_ID=${gid}`])
}

/** Creates a script builder without a shell. Its buildpack cannot run; builds add others that include a shell (bringShell). */
export async function builderWithoutShell(image: string, directory: string): Promise<void> {
  await builderOnto(image, directory, ['rm', '/bin/sh', '/bin/dash', '/bin/bash', '/bin/rbash'], ['USER 1001:1000'])
}

/** Adds a shell to the buildpack `id` in `directory`, which runs its scripts. */
export async function bringShell(directory: string, id: string): Promise<void> {
  const container = await docker('create', BUILDER, 'true')
  await docker('cp', `${container}:/bin/bash`, join(directory, 'bash'))
  await docker('rm', container)
  for (const name of ['detect', 'build']) {
    const path = join(directory, 'bin', name)
    const script = await readFile(path, 'utf8')
    await writeFile(path, script.replace(/^#!.*/, `#!/cnb/buildpacks/${id.replace('/', '_')}/1.0.0/bash`))
  }
}

/** Creates a script builder with a script of sh as `tar`, which ends with the real program, `tar.real`, and the same arguments. */
export async function builderWithTar(image: string, directory: string, script: string): Promise<void> {
  const program = Buffer.from(`#!/bin/sh\n${script}\nexec /usr/bin/tar.real "$@"\n`).toString('base64')
  const install = `mv /usr/bin/tar /usr/bin/tar.real; echo ${program} | base64 -d >/usr/bin/tar; chmod 755 /usr/bin/tar`
  await builderOnto(image, directory, ['sh', '-ec', install], ['USER 1001:1000'])
}

/** Creates a script builder on a base that `command` changes as root, with additional Dockerfile instructions. */
async function builderOnto(image: string, directory: string, command: readonly string[], changes: readonly string[]): Promise<void> {
  const sample = parseToml(await readFile(SAMPLE, 'utf8'), SAMPLE) as { build: { image: string } }
  const container = await docker('create', '--user', '0:0', sample.build.image, ...command)
  await docker('start', '--attach', container)
  await docker('commit', ...changes.flatMap((change) => ['--change', change]), container, `${image}-base`)
  await docker('rm', container)
  await makeBuilder(image, directory, SCRIPT_BUILDPACK, (toml) => ({ ...toml, build: { image: `${image}-base` } }))
}

export async function removeScriptBuilder(): Promise<void> {
  await docker('image', 'rm', '--force', BUILDER)
}
