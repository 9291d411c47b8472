/** The command of an app's container. */

import { CnbError } from '../../base/errors.ts'
import type { Image } from '../../images/image.ts'
import { readBuildMetadata } from '../../images/labels/build-metadata.ts'
import { startedProcess } from '../../images/labels/started-process.ts'

/** The program of an app's container. */
export interface AppProcess {
  /** The type of the process; undefined for the user's own command, and for an image that cnb did not build. */
  readonly type?: string
  readonly command: readonly string[]
  /** `NAME=value`, by which a lifecycle before Platform API 0.4 selects the process. */
  readonly env: readonly string[]
}

/**
 * Chooses the process: the named one, or the image's default.
 * @param args the arguments of the process; the whole command for an image without a default process
 * @throws CnbError CNB_USAGE if the process does not exist, or nothing can be started
 */
export function chooseProcess(image: Pick<Image, 'reference' | 'labels' | 'config'>, named: string | undefined, args: readonly string[]): AppProcess {
  const { config } = image.config
  const types = readBuildMetadata(image)?.processes.map(({ type }) => type)
  const started = startedProcess(config)
  const entrypoint = config.Entrypoint ?? []
  if (named === undefined) {
    if (types && started === undefined && args.length === 0) throw withoutDefault(image.reference, types)
    return { ...(types && started !== undefined ? { type: started } : {}), command: [...entrypoint, ...(args.length > 0 ? args : (config.Cmd ?? []))], env: [] }
  }
  if (!types?.includes(named)) {
    const hint = types?.length ? `Use one of ${types.join(', ')}.` : "Leave out '--process'."
    throw new CnbError('CNB_USAGE', `the image ${image.reference} has no process '${named}'`, { hint })
  }
  if (config.Env?.some((entry) => entry.startsWith('CNB_PROCESS_TYPE='))) return { type: named, command: [...entrypoint, ...args], env: [`CNB_PROCESS_TYPE=${named}`] }
  return { type: named, command: [`/cnb/process/${named}`, ...args], env: [] }
}

function withoutDefault(image: string, types: readonly string[]): CnbError {
  const hint = types.length > 0 ? `Select one with --process: ${types.join(', ')}.` : `Add a command: cnb run ${image} -- <command>`
  return new CnbError('CNB_USAGE', `the image ${image} has no default process`, { hint })
}
