/** The process type that an app image starts by default. */

import { posix } from 'node:path'
import type { ContainerConfig } from '../../oci/config.ts'

/**
 * Returns the type of the process that the image starts without a command, from the entrypoint `/cnb/process/<type>`
 * (platform.md "launcher"), or from CNB_PROCESS_TYPE before Platform API 0.4. Returns undefined if it has no default process.
 */
export function startedProcess(config: Pick<ContainerConfig, 'Entrypoint' | 'Env'>): string | undefined {
  const entrypoint = config.Entrypoint?.[0]
  if (entrypoint?.startsWith('/cnb/process/')) return posix.basename(entrypoint)
  return config.Env?.find((entry) => entry.startsWith('CNB_PROCESS_TYPE='))?.slice('CNB_PROCESS_TYPE='.length)
}
