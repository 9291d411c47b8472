/** `cnb shell`: runs a shell or a command in the container of a failed build. */

import type { Readable, Writable } from 'node:stream'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { APP_DIR_LABEL, KEPT_LABEL, KEPT_NAME, type Engine, type Exec, type TerminalSize } from '../../docker/engine.ts'
import { demultiplex } from '../../docker/multiplex.ts'
import { familiarName, parseReference } from '../../oci/reference.ts'
import type { EngineServices } from '../services.ts'

/** The best shell of the image. */
const SHELL = ['/bin/sh', '-c', 'command -v bash >/dev/null 2>&1 && exec bash; exec sh']

/** The terminal of a person. */
export interface UserTerminal {
  /** The bytes that the person types, which no longer interrupt this process. */
  readonly input: Readable
  readonly output: Writable
  readonly size: () => TerminalSize
  readonly onResize: (listener: () => void) => void
  /** Restores the terminal. */
  readonly close: () => void
}

export interface ShellOptions {
  /** The image of the failed build, or its container; default: the newest. */
  readonly image?: string
  /** Default: a shell. */
  readonly command?: readonly string[]
}

/** The output of a command, if it has no terminal. */
export interface ShellStreams {
  /** Opens the terminal, if there is one. */
  readonly terminal?: () => UserTerminal
  readonly output: { readonly stdout: Writable; readonly stderr: Writable }
}

export interface ShellResult {
  readonly image: string
  readonly container: string
  readonly exitCode: number
}

/**
 * Starts the container of a failed build again, runs a program in it, and stops it. Its first process waits for input that never comes
 * (session-script.ts), and its secrets were in memory that is gone.
 * @throws CnbError CNB_USAGE if no container is kept, and for a shell without a terminal
 */
export async function openShell({ image, command = [] }: ShellOptions, { engine }: Pick<EngineServices, 'engine'>, { terminal, output }: ShellStreams, context: Context): Promise<ShellResult> {
  if (command.length === 0 && !terminal) {
    throw new CnbError('CNB_USAGE', 'cannot open a shell: the input is not a terminal', { hint: 'Add a command: cnb shell IMAGE -- ls /layers' })
  }
  const { id, name, labels } = await findKept(engine, image, context)
  await engine.containers.start(id, context)
  try {
    const spec = { command: command.length > 0 ? command : SHELL, workingDir: labels[APP_DIR_LABEL] ?? '/', tty: terminal !== undefined }
    const exec = await engine.containers.exec(id, spec, context)
    if (terminal) await connect(exec, terminal())
    else await follow(exec, output)
    return { image: labels[KEPT_LABEL] ?? '', container: name, exitCode: await exec.exitCode() }
  } finally {
    await engine.containers.kill(id)
  }
}

async function findKept(engine: Engine, wanted: string | undefined, context: Context) {
  const kept = (await engine.containers.list(KEPT_LABEL, context)).filter(({ name }) => KEPT_NAME.test(name))
  const image = wanted === undefined || KEPT_NAME.test(wanted) ? undefined : familiarName(parseReference(wanted))
  const found = kept
    .filter(({ name, labels }) => wanted === undefined || name === wanted || labels[KEPT_LABEL] === image)
    .sort((a, b) => (b.created ?? 0) - (a.created ?? 0))[0]
  if (found) return found
  throw new CnbError('CNB_USAGE', `cannot open a shell: no container of a failed build ${wanted === undefined ? '' : `of '${wanted}' `}is kept`, {
    hint: 'Build with --keep-on-failure; a container is kept for a day.',
  })
}

async function follow({ connection }: Exec, output: ShellStreams['output']): Promise<void> {
  connection.end()
  await demultiplex(connection, output)
}

async function connect({ connection, resize }: Exec, { input, output, size, onResize, close }: UserTerminal): Promise<void> {
  const fit = (): void => void resize(size()).catch(() => {})
  try {
    fit()
    onResize(fit)
    input.on('data', (chunk: Buffer) => connection.write(chunk))
    for await (const chunk of connection) output.write(chunk as Buffer)
  } finally {
    close()
  }
}
