/** A buildpack that is written into project.toml (project-descriptor.md "io.buildpacks.group"). */

import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { parseApiVersion } from '../formats/versions.ts'
import { stringifyToml } from '../formats/toml.ts'
import type { Buildpack } from './buildpack.ts'
import { buildpackLayer } from './buildpack-layer.ts'
import { readDescriptor } from './descriptor.ts'
import type { TreeEntry } from './file-tree.ts'

export interface InlineScript {
  readonly id: string
  /** 0.0.0 when absent. */
  readonly version?: string
  readonly api?: string
  /** /bin/sh when absent. */
  readonly shell?: string
  /** What `bin/build` does. */
  readonly inline: string
}

/**
 * Makes a buildpack that always takes part, whose build is the script.
 * @param origin the absolute path of the descriptor that holds it
 * @throws CnbError CNB_DESCRIPTOR_INVALID when id, api or version are missing or no such
 */
export async function inlineBuildpack(script: InlineScript, origin: string, context: Context = {}): Promise<Buildpack> {
  const { id, version = '0.0.0', api, shell = '/bin/sh', inline } = script
  if (api === undefined || parseApiVersion(api) === undefined) {
    const problem = api === undefined ? 'names no api' : `has the api '${api}', which is no version`
    throw new CnbError('CNB_DESCRIPTOR_INVALID', `the inline script of buildpack '${id}' ${problem}`, {
      hint: 'Write for example api = "0.11" beside the script.',
    })
  }
  if (/[\r\n]/.test(shell)) throw new CnbError('CNB_DESCRIPTOR_INVALID', `the shell of buildpack '${id}' has more than one line`)
  // Lifecycles that still know stacks refuse a buildpack without any.
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
