/** Starts and kills containers without an attachment, and runs programs in them. */

import type { Context } from '../../base/events.ts'
import { recordOf, stringOf } from '../../formats/lenient-values.ts'
import type { EngineClient } from './client.ts'
import type { Exec, ExecSpec } from '../engine.ts'
import { engineRefusal, engineStatus } from '../engine-errors.ts'

const TASK = 'cannot run a program in the container'

/** Starts a container without an attachment, so its input stays open. */
export async function startContainer(client: EngineClient, id: string, { signal }: Context = {}): Promise<void> {
  await client.text({ task: 'cannot start the container', method: 'POST', path: `/containers/${id}/start`, signal })
}

/** Succeeds if the program has ended. */
export async function killContainer(client: EngineClient, id: string): Promise<void> {
  try {
    await client.text({ task: 'cannot kill the container', method: 'POST', path: `/containers/${id}/kill` })
  } catch (error) {
    const status = engineStatus(error)
    if (status !== 404 && status !== 409) throw error
  }
}

/** @throws CnbError CNB_ENGINE_* */
export async function startExec(client: EngineClient, id: string, { command, workingDir, tty }: ExecSpec, { signal }: Context = {}): Promise<Exec> {
  const body = { Cmd: command, WorkingDir: workingDir, Tty: tty, AttachStdin: true, AttachStdout: true, AttachStderr: true }
  const reply = await client.json({ task: TASK, method: 'POST', path: `/containers/${id}/exec`, body, signal })
  const exec = stringOf(recordOf(reply).Id)
  if (exec === undefined) throw engineRefusal(TASK, 0, 'the engine returned no ID')
  const connection = await client.upgrade({ task: TASK, method: 'POST', path: `/exec/${exec}/start`, body: { Detach: false, Tty: tty }, signal }, 'tcp')
  return {
    connection,
    resize: async ({ columns, rows }) => {
      await client.text({ task: 'cannot resize the terminal', method: 'POST', path: `/exec/${exec}/resize`, query: { w: columns, h: rows }, signal })
    },
    exitCode: async () => {
      const { ExitCode } = recordOf(await client.json({ task: TASK, method: 'GET', path: `/exec/${exec}/json`, signal }))
      if (typeof ExitCode !== 'number') throw engineRefusal(TASK, 0, 'the engine reported no exit status')
      return ExitCode
    },
  }
}
