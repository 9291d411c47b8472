/**
 * `cnb-test/extensions-…`: a builder with image extensions and a buildpack that the app controls.
 *
 * It has the sample builder's stack and lifecycle.
 * An extension passes detection if the app has its directory: `extension/<name>/{detect,generate}`.
 */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { stringifyToml } from '../../src/formats/toml.ts'
import { succeed } from './cnb.ts'
import { docker } from './engines/docker.ts'
import { buildpackFiles, builderToml } from './script-builder.ts'
import { APP_LABEL, writeFiles } from './workbench.ts'

/** Unique to each test file, because several runs can use one engine. */
export const EXTENSION_BUILDER = `cnb-test/extensions-${randomBytes(4).toString('hex')}`

/** The extensions in order; they are optional, as all extensions are. */
const EXTENSIONS = ['first', 'second'] as const

/** The files of an extension, which run the app's bash scripts. */
function extensionFiles(name: string): Record<string, string> {
  const script = `extension/${name}`
  return {
    'extension.toml': `api = "0.11"\n\n[extension]\nid = "test/${name}"\nversion = "1.0.0"\n`,
    'bin/detect': `#!/usr/bin/env bash\nset -euo pipefail\n[ -f ${script}/generate ] || exit 100\nif [ -f ${script}/detect ]; then source ${script}/detect; fi\n`,
    'bin/generate': `#!/usr/bin/env bash\nset -euo pipefail\nsource ${script}/generate\n`,
  }
}

/** Creates the builder; its files are written below `directory`. */
export async function makeExtensionBuilder(directory: string): Promise<void> {
  const buildpack = { id: 'test/script', path: join(directory, 'buildpack') }
  await writeFiles(
    buildpack.path,
    buildpackFiles(buildpack.id, {
      detect: '[ -f script/detect ] || exit 100\nsource script/detect',
      build: `printf '[[labels]]\\nkey = "${APP_LABEL}"\\nvalue = ""\\n' >"$CNB_LAYERS_DIR/launch.toml"\nsource script/build`,
    }),
  )
  const extensions = EXTENSIONS.map((name) => ({ id: `test/${name}`, uri: join(directory, name) }))
  for (const name of EXTENSIONS) await writeFiles(join(directory, name), extensionFiles(name))
  const toml = {
    ...(await builderToml([buildpack], [[buildpack.id]])),
    extensions,
    'order-extensions': [{ group: extensions.map(({ id }) => ({ id })) }],
  }
  await writeFiles(directory, { 'builder.toml': stringifyToml(toml) })
  await succeed(['builder', 'create', EXTENSION_BUILDER, '--config', join(directory, 'builder.toml'), '--pull-policy', 'never'])
}

export async function removeExtensionBuilder(): Promise<void> {
  await docker('image', 'rm', '--force', EXTENSION_BUILDER)
}

/** Returns bash for `generate` that writes a Dockerfile for the base image. */
export function dockerfile(kind: 'build' | 'run', ...lines: readonly string[]): string {
  return dockerfileFrom(kind, '${base_image}', ...lines)
}

/** The same for an image that the extension selects. */
export function dockerfileFrom(kind: 'build' | 'run', base: string, ...lines: readonly string[]): string {
  const text = ['ARG base_image', `FROM ${base}`, ...lines].join('\n')
  return `cat >"$CNB_OUTPUT_DIR/${kind}.Dockerfile" <<'END_OF_DOCKERFILE'\n${text}\nEND_OF_DOCKERFILE\n`
}

/** Returns lines of a Dockerfile that run `lines` as root and then restore the image's user. */
export function asRoot(...lines: readonly string[]): string[] {
  return ['USER root', ...lines, 'ARG user_id', 'ARG group_id', 'USER ${user_id}:${group_id}']
}

/** Creates the builder `image` without one of the tools that the session script needs; returns the name. */
export async function withoutFind(image: string): Promise<string> {
  const container = await docker('create', '--user', 'root', '--entrypoint', 'bash', EXTENSION_BUILDER, '-c', 'rm "$(command -v find)"')
  await docker('start', '--attach', container)
  await docker('commit', '--change', 'ENTRYPOINT []', '--change', 'CMD []', '--change', 'USER 1001:1000', container, image)
  await docker('rm', container)
  return image
}
