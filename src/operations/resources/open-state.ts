/** Opens the state of a command: the directory that `--state` names, or the user's. */

import { resolve } from 'node:path'
import { ownProcess } from '../../base/processes/owner.ts'
import { defaultStateDirectory } from '../../state/default-directory.ts'
import { openStateDirectory } from '../../state/directory/directory-store.ts'
import { stateProcess } from '../../state/directory/state-process.ts'
import type { Store } from '../../state/store.ts'
import type { Host } from '../services.ts'

/** @throws CnbError CNB_STATE_INVALID, CNB_UNSUPPORTED for the state of a newer cnb, CNB_OUTPUT */
export async function openState(directory: string | undefined, { env, home, cwd }: Host): Promise<Store> {
  const path = directory === undefined ? defaultStateDirectory(env, home) : resolve(cwd, directory)
  return openStateDirectory(path, stateProcess(await ownProcess()))
}
