/** Handler of `cnb dev`. */

import { dev, type DevOptions } from '../../../operations/dev/dev.ts'
import { appEvents } from '../../../ui/reporters/app-output.ts'
import type { HandlerOfSeveral } from '../../command.ts'

type BuildValues = Omit<DevOptions['build'], 'image' | 'verbose' | 'explain' | 'reversePre' | 'bindings' | 'sourceMetadata' | 'tags' | 'labels' | 'annotations' | 'gitLabels' | 'sparse' | 'creationTime' | 'sbomOutputDir' | 'reportOutputDir'>

interface Values extends BuildValues, Pick<DevOptions['app'], 'process' | 'ports'> {
  readonly runEnv?: string[]
  readonly runEnvFiles?: string[]
  readonly runVolumes?: string[]
  readonly runNetwork?: string
}

export const runDev: HandlerOfSeveral<Values> = async ([image = '', ...args], values, { context, verbose, explain, services, remote, hurry }) => {
  const { process, ports, runEnv: env, runEnvFiles: envFiles, runVolumes: volumes, runNetwork: network, ...build } = values
  const options = { build: { ...build, image, verbose, explain }, app: { process, ports, env, envFiles, volumes, network }, args }
  return await dev(options, { ...(await services()), ...remote }, { output: () => appEvents((event) => context.events?.(event)), kill: hurry() }, context)
}
