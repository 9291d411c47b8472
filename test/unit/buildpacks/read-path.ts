/** Reads modules at a path of this machine, with their dependencies; a remote module is an error. */

import type { Context } from '../../../src/base/events.ts'
import type { ModuleKind } from '../../../src/buildpacks/buildpack-descriptor.ts'
import type { Buildpack } from '../../../src/buildpacks/buildpack.ts'
import { moduleSources, type ModuleSources } from '../../../src/buildpacks/module-sources.ts'

const LINUX = { os: 'linux', architecture: 'amd64' }

const refuse = (what: string): Promise<never> => Promise.reject(new Error(`not on this machine: ${what}`))

/** Sources of files only. */
export const localSources: ModuleSources = moduleSources({ image: refuse, download: refuse, address: ({ id }) => refuse(id) })

export function readBuildpacks(path: string, context: Context = {}, kind: ModuleKind = 'buildpack'): Promise<Buildpack[]> {
  return localSources.read({ type: 'path', path }, '/', { kind, platform: LINUX }, context)
}
