/** The options of `build` that detection depends on, for `plan`. */

import { optionNames, type OptionGroup } from '../command.ts'
import { appSource } from './app.ts'
import { buildpackSources } from './buildpacks.ts'
import { containers } from './containers.ts'
import { builderImages } from './images.ts'

const { path, descriptor, env, envFiles, execEnv } = appSource.options
const { builder, runImage, pullPolicy } = builderImages.options
const { volumes, bindingDirs, workspace, uid, gid, usernsHost, memory, cpus, pidsLimit } = containers.options

export const detection = [
  { title: 'App:', options: { path: { ...path, description: 'app directory or zip archive, in place of the argument' }, descriptor, env, envFiles, execEnv } },
  buildpackSources,
  {
    title: 'Images:',
    options: {
      builder,
      runImage,
      pullPolicy,
      platform: { kind: 'text', flags: '--platform <os/arch>', description: "platform, os/arch[/variant] (default: the engine's)" },
    },
  },
  { title: 'Containers:', options: { volumes, bindingDirs, workspace, uid, gid, usernsHost, memory, cpus, pidsLimit } },
] as const satisfies readonly OptionGroup[]

/** Returns the flag of each option by its key: `--builder`. */
export function flagsOf(options: OptionGroup['options']): ReadonlyMap<string, string> {
  return new Map(Object.entries(options).map(([key, option]) => [key, optionNames(option).at(-1) ?? key]))
}
