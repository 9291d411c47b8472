/** Which of its processes an app image starts. */

import { posix } from 'node:path'
import type { ContainerConfig } from '../../oci/config.ts'

/**
 * The type of the process that the image starts when it is given no command; undefined where it starts none. Its entrypoint is
 * named for it (platform.md "launcher", `/cnb/process/<type>`); before Platform API 0.4 a variable said so.
 */
export function startedProcess(config: Pick<ContainerConfig, 'Entrypoint' | 'Env'>): string | undefined {
  const entrypoint = config.Entrypoint?.[0]
  if (entrypoint?.startsWith('/cnb/process/')) return posix.basename(entrypoint)
  return config.Env?.find((entry) => entry.startsWith('CNB_PROCESS_TYPE='))?.slice('CNB_PROCESS_TYPE='.length)
}
