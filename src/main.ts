/** Entry point of the command: the only file that uses the process's streams, signals and exit code. */

import { setMaxListeners } from 'node:events'
import { basename } from 'node:path'
import { abortError, CnbError, ERRORS, toCnbError } from './base/errors.ts'
import type { Context } from './base/events.ts'
import type { Dialect } from './cli/command.ts'
import { CNB } from './cli/command-list.ts'
import { directOutput } from './cli/direct-output.ts'
import type { Host } from './operations/services.ts'
import type { UserTerminal } from './operations/shell/shell.ts'

/** Time limit for the cleanup of an interrupted run; the documented limit is 10 s. */
const LAST_GRACE_MS = 9500

/** Bun's functions, if Bun runs cnb: in a binary of `npm run package`. */
const { Bun: bun } = globalThis as { Bun?: { gc(now: boolean): void } }

/**
 * Bytes between two of Bun's collections, which have no minor form. A smaller number costs processor time: 16 MiB keeps a build with a
 * layer of 300 MB below 120 MiB for a quarter more processor time.
 */
const BUN_COLLECTION_STEP = 16 * 1024 * 1024

/** Configures the JavaScript engine for a command, before the command's code is loaded. The library does not call it: its process belongs to the caller. */
async function tuneEngine(): Promise<void> {
  const { collectBy } = await import('./base/spent-chunks.ts')
  if (bun) collectBy(() => bun.gc(true), BUN_COLLECTION_STEP)
  else collectBy(await tuneV8())
}

/**
 * Bytes of garbage that minor collections may leave in the heap; a full collection takes 5 to 15 ms. The contents of buffers are outside of
 * it: those of a large layer would cause a full collection every few megabytes.
 */
const LEFT_GARBAGE = 8 * 1024 * 1024

/**
 * Configures V8. Returns its garbage collection: a minor one, and a full one after minor ones left too much. They keep what only garbage
 * of the old generation refers to, and a build with many files makes long chains of such objects.
 *
 * Undici parses HTTP in WebAssembly, which V8 optimizes after a few calls. This compilation takes about 150 ms of processor time, and
 * even a command with three requests waits for it before it exits; only the parsing of a few headers would become faster. The space of
 * new objects would grow to 32 MiB, and be no faster: the chunks of streams are collected early anyway.
 */
async function tuneV8(): Promise<() => void> {
  const [{ getHeapStatistics, setFlagsFromString }, { runInNewContext }] = await Promise.all([import('node:v8'), import('node:vm')])
  setFlagsFromString(`--wasm-tiering-budget=${2 ** 31 - 1}`)
  setFlagsFromString('--semi-space-growth-factor=1')
  let collection: ((options?: { type: 'minor' }) => void) | undefined
  let least = Infinity
  return () => {
    if (!collection) {
      // V8's `gc` function exists in contexts that are created after the flag is set.
      setFlagsFromString('--expose-gc')
      collection = runInNewContext('gc') as NonNullable<typeof collection>
    }
    collection({ type: 'minor' })
    const used = getHeapStatistics().used_heap_size
    least = Math.min(least, used)
    if (used < least + LEFT_GARBAGE) return
    collection()
    least = getHeapStatistics().used_heap_size
  }
}

const SIGNALS = [
  ['SIGINT', 130, 'interrupted'],
  ['SIGTERM', 143, 'terminated'],
  ['SIGHUP', 129, 'the terminal was closed'],
] as const

/** Exits the process if the cleanup takes too long. Engine calls have an earlier limit (docker/connection/cleanup-signal.ts). */
function leaveInTime(words: string, exit: number): void {
  const giveUp = (): void => {
    process.stderr.write(`ERROR: ${words}, and the cleanup did not finish in time: remove remaining resources with the label dev.cnb.owner from the engine (CNB_INTERRUPTED)\n`)
    leave(exit)
  }
  setTimeout(giveUp, LAST_GRACE_MS).unref()
}

/** Exits immediately, without the deadlock message. */
function leave(exit: number): never {
  process.off('exit', reportDeadlock)
  process.exit(exit)
}

/**
 * On the first signal, aborts the run, which then cleans up; on the second, exits immediately. If the command has called the returned
 * function, the second aborts that function's signal, and the third exits.
 */
function stopOnSignals(controller: AbortController): () => AbortSignal {
  let hurry: AbortController | undefined
  for (const [signal, exit, words] of SIGNALS) {
    process.on(signal, () => {
      if (controller.signal.aborted) {
        if (!hurry || hurry.signal.aborted) leave(exit)
        hurry.abort(controller.signal.reason)
        return
      }
      controller.abort(new CnbError('CNB_INTERRUPTED', words, { exit }))
      leaveInTime(words, exit)
    })
  }
  // A defect: abort the run with it as the reason, to remove the run's containers.
  const onDefect = (thrown: unknown): void => {
    if (controller.signal.aborted) return
    controller.abort(toCnbError(thrown))
    leaveInTime('the run stopped because of a defect', 1)
  }
  process.on('uncaughtException', onDefect)
  process.on('unhandledRejection', onDefect)
  return () => (hurry ??= new AbortController()).signal
}

/** Opens stdout. Its failure does not stop the run, because its work matters more; a result that cannot be written changes the exit code. */
function openOutput(): NodeJS.WriteStream {
  process.stdout.once('error', ({ code, message }: NodeJS.ErrnoException) => {
    // The reader closed the pipe early (`| head`).
    if (code === 'EPIPE') return
    process.stderr.write(`ERROR: cannot write the output: ${message} (CNB_OUTPUT)\n`)
    process.once('exit', (exit) => (process.exitCode = exit || ERRORS.CNB_OUTPUT.exit))
  })
  return process.stdout.on('error', () => {})
}

/** Opens stderr. Its failure does not matter. */
function openDiagnostics(): NodeJS.WriteStream {
  return process.stderr.on('error', () => {})
}

/** Returns the user's home. For a user without an account and HOME, it is the root directory, as in containers. */
async function homeDirectory(): Promise<string> {
  const { homedir } = await import('node:os')
  try {
    return homedir()
  } catch {
    return '/'
  }
}

async function hostOf(dialect: Dialect): Promise<Host> {
  const host: Host = { env: process.env, cwd: process.cwd(), home: await homeDirectory() }
  return dialect.hostOf?.(host) ?? host
}

/** Opens stdin on the first read only: an open stdin keeps the process alive. Without an end of the writer, Ctrl-C ends the read. */
async function* standardInput(signal: AbortSignal): AsyncGenerator<Buffer> {
  signal.addEventListener('abort', () => process.stdin.destroy(abortError(signal)), { once: true })
  for await (const chunk of process.stdin) yield chunk as Buffer
}

/** Connects the terminal to a program of a container, which receives all keys, Ctrl-C included. */
function userTerminal(): UserTerminal {
  const { stdin, stdout } = process
  const listeners: (() => void)[] = []
  stdin.setRawMode(true)
  return {
    input: stdin,
    output: stdout,
    size: () => ({ columns: stdout.columns, rows: stdout.rows }),
    onResize: (listener) => {
      listeners.push(listener)
      stdout.on('resize', listener)
    },
    close: () => {
      for (const listener of listeners) stdout.off('resize', listener)
      stdin.setRawMode(false)
      stdin.destroy()
    },
  }
}

/** Selects pack's command line for a link of that name and for `cnb pack …`. */
async function chooseDialect([, script = '', ...words]: readonly string[]): Promise<{ argv: readonly string[]; dialect: Dialect }> {
  // In a binary, the script is a file in it.
  const isLink = basename(bun ? process.argv0 : script, '.exe') === 'pack'
  if (!isLink && words[0] !== 'pack') return { argv: words, dialect: CNB }
  return { argv: isLink ? words : words.slice(1), dialect: (await import('./cli/pack/dialect.ts')).packDialect(CNB.commands) }
}

async function main(): Promise<number> {
  // Hides deprecation warnings of bundled packages, such as the one of Node 24 for docker-modem's url.parse().
  process.noDeprecation = true
  const stdout = directOutput(1, openOutput)
  const { argv, dialect } = await chooseDialect(process.argv)
  if (argv[0] === '__complete') {
    // Without the parser, which takes as long to load as all that completion needs.
    const { completeLine } = await import('./cli/completion/proposals.ts')
    stdout.write(await completeLine(argv.slice(1), dialect, await hostOf(dialect)))
    return 0
  }
  const { parseCommandLine } = await import('./cli/program.ts')
  const parsed = parseCommandLine(argv, stdout.columns, dialect)
  if (parsed.kind === 'print') {
    if (parsed.note !== undefined) openDiagnostics().write(`${parsed.note}\n`)
    if (parsed.text !== '') stdout.write(`${parsed.text}\n`)
    return 0
  }
  const stderr = directOutput(2, openDiagnostics)
  const host = await hostOf(dialect)
  const controller = new AbortController()
  // Many concurrent operations listen to the signal; Node warns of a leak at more than ten listeners.
  setMaxListeners(0, controller.signal)
  const hurry = stopOnSignals(controller)
  await tuneEngine()
  const [{ runCommand, reportUsageError }, { Connections }, { isatty }] = await Promise.all([import('./cli/run.ts'), import('./operations/connections.ts'), import('node:tty')])
  await using connections = new Connections(host, true)
  const io = {
    host,
    stdout,
    stderr,
    signal: controller.signal,
    services: (context: Context) => connections.engineServices(context),
    remote: (context: Context) => connections.registryServices(context),
    input: standardInput(controller.signal),
    hurry,
    isInteractive: isatty(0) && stderr.isTTY === true,
    ...(isatty(0) && isatty(1) ? { userTerminal } : {}),
  }
  if (parsed.kind === 'wrong') return await reportUsageError(parsed.error, parsed.globals, io, dialect)
  return await runCommand(parsed, io, dialect)
}

// If a promise never settles, Node exits in the middle of the work, silently and with exit code 0.
function reportDeadlock(): void {
  process.exitCode = ERRORS.CNB_INTERNAL.exit
  process.stderr.write('ERROR: cnb exited before its work was complete; this is a bug in cnb (CNB_INTERNAL)\n')
}
process.once('exit', reportDeadlock)
// Not process.exit(): it would lose output that is not yet written to a pipe.
void main().then((code) => {
  process.exitCode = code
  process.off('exit', reportDeadlock)
})
