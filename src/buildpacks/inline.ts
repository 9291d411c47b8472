/** Inline buildpacks in project.toml (project-descriptor.md "io.buildpacks.group.script"). */

import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { parseApiVersion } from '../formats/versions.ts'
import { stringifyToml } from '../formats/toml.ts'
import type { Buildpack } from './buildpack.ts'
import { buildpackLayer } from './buildpack-layer.ts'
import { readDescriptor } from './buildpack-descriptor.ts'
import type { TreeEntry } from './file-tree.ts'

export interface InlineScript {
  readonly id: string
  /** Default: 0.0.0. */
  readonly version?: string
  readonly api?: string
  /** Default: /bin/sh. */
  readonly shell?: string
  /** The content of `bin/build`. */
  readonly inline: string
}

/**
 * Creates a buildpack that always passes detection and runs the script as its build.
 * @param origin the absolute path of the project descriptor
 * @throws CnbError CNB_DESCRIPTOR_INVALID if id, api or version is missing or invalid
 */
export async function inlineBuildpack(script: InlineScript, origin: string, context: Context = {}): Promise<Buildpack> {
  const { id, version = '0.0.0', api, shell = '/bin/sh', inline } = script
  if (api === undefined || parseApiVersion(api) === undefined) {
    const problem = api === undefined ? 'has no api' : `has api '${api}', which is not an API version`
    throw new CnbError('CNB_DESCRIPTOR_INVALID', `the inline script of buildpack '${id}' ${problem}`, {
      hint: 'Add, for example, api = "0.11" to the script.',
    })
  }
  if (/[\r\n]/.test(shell)) throw new CnbError('CNB_DESCRIPTOR_INVALID', `the shell of buildpack '${id}' has more than one line`)
  // Lifecycles that still support stacks reject a buildpack without stacks.
  const toml = stringifyToml({ api, buildpack: { id, version }, stacks: [{ id: '*' }] })
  const descriptor = readDescriptor(toml, `the inline script of buildpack '${id}'`, 'buildpack')
  const files: TreeEntry[] = [
    entry('bin', 'directory'),
    file('bin/build', `#!${shell}\n\n${inline}\n`, 0o755),
    file('bin/detect', `#!${shell}\n\nexit 0\n`, 0o755),
    file('buildpack.toml', toml, 0o644),
  ]
  return { origin, descriptor, layer: await buildpackLayer(descriptor, () => files, context) }
}

function entry(name: string, type: TreeEntry['type'], mode = 0o755): TreeEntry {
  return { type, name: Buffer.from(name), mode, uid: 0, gid: 0, mtime: 0 }
}

function file(name: string, text: string, mode: number): TreeEntry {
  const content = Buffer.from(text)
  return { ...entry(name, 'file', mode), size: content.length, content }
}
