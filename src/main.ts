/** Composition root: the only file that knows the process. Command line, streams, signals and engine in; exit code out. */

import { setMaxListeners } from 'node:events'
import { homedir } from 'node:os'
import process from 'node:process'
import { runInNewContext } from 'node:vm'
import { CnbError, ERRORS, toCnbError } from './base/errors.ts'
import type { Context } from './base/events.ts'
import { parseCommandLine } from './cli/program.ts'
import type { Host } from './operations/services.ts'

/** How long a run that was told to stop may take over it: 10 s are promised. */
const LAST_GRACE_MS = 9500

const host: Host = { env: process.env, cwd: process.cwd(), home: homedir() }

/**
 * Sets V8 up for a command, before its code is loaded; not for the library, whose process is another's.
 * Undici reads HTTP by WebAssembly, which V8 compiles a second time as soon as it is warm. That takes a processor for a seventh of a
 * second, which even a command of three requests would wait for at its end; of what is read, a few headers would be faster.
 */
async function tuneV8(): Promise<void> {
  const [{ setFlagsFromString }, { collectBy }] = await Promise.all([import('node:v8'), import('./base/spent-chunks.ts')])
  setFlagsFromString(`--wasm-tiering-budget=${2 ** 31 - 1}`)
  let minorCollection: ((options: { type: 'minor' }) => void) | undefined
  collectBy(() => {
    minorCollection ??= exposeCollector(setFlagsFromString)
    minorCollection({ type: 'minor' })
  })
}

/** V8's garbage collector is there in contexts that are made after the flag was set. */
function exposeCollector(setFlag: (flag: string) => void): (options: { type: 'minor' }) => void {
  setFlag('--expose-gc')
  return runInNewContext('gc') as ReturnType<typeof exposeCollector>
}

const SIGNALS = [
  ['SIGINT', 130, 'interrupted'],
  ['SIGTERM', 143, 'terminated'],
  ['SIGHUP', 129, 'the terminal is gone'],
] as const

/** What waits for an engine ends sooner (docker/last-words.ts); this is for all else. */
function leaveInTime(words: string, exit: number): void {
  const giveUp = (): void => {
    process.stderr.write(`ERROR: ${words}, and clearing up did not end in time: see what has the label dev.cnb.owner on the engine (CNB_INTERRUPTED)\n`)
    leave(exit)
  }
  setTimeout(giveUp, LAST_GRACE_MS).unref()
}

/** In the middle of the work, and on purpose. */
function leave(exit: number): never {
  process.off('exit', tellOfDeadlock)
  process.exit(exit)
}

/** The first signal stops the run, which then clears up; the second ends the process. */
function stopOnSignals(controller: AbortController): void {
  for (const [signal, exit, words] of SIGNALS) {
    process.on(signal, () => {
      if (controller.signal.aborted) leave(exit)
      controller.abort(new CnbError('CNB_INTERRUPTED', words, { exit }))
      leaveInTime(words, exit)
    })
  }
  // A defect somewhere: stop, so that containers are removed all the same, and tell of it as the reason.
  const onDefect = (thrown: unknown): void => {
    if (controller.signal.aborted) return
    controller.abort(toCnbError(thrown))
    leaveInTime('a defect ended the work', 1)
  }
  process.on('uncaughtException', onDefect)
  process.on('unhandledRejection', onDefect)
}

/** Words that cannot be written do not stop the run, whose work is worth more; but a result that is lost is no success. */
function watchOutput(): void {
  process.stdout.once('error', ({ code, message }: NodeJS.ErrnoException) => {
    // The reader has seen enough (`| head`).
    if (code === 'EPIPE') return
    process.stderr.write(`ERROR: the output could not be written: ${message} (CNB_OUTPUT)\n`)
    process.once('exit', (exit) => (process.exitCode = exit || ERRORS.CNB_OUTPUT.exit))
  })
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}

/** Touches stdin only when somebody reads it: it would keep the process alive. */
async function* standardInput(): AsyncGenerator<Buffer> {
  for await (const chunk of process.stdin) yield chunk as Buffer
}

async function main(): Promise<number> {
  // Warnings for developers of what is bundled, such as Node 24 has for docker-modem's url.parse().
  process.noDeprecation = true
  watchOutput()
  const parsed = parseCommandLine(process.argv.slice(2), process.stdout.columns)
  if (parsed.kind === 'print') {
    process.stdout.write(`${parsed.text}\n`)
    return 0
  }
  const controller = new AbortController()
  // Many things wait for it at once; ten is where Node sees a leak.
  setMaxListeners(0, controller.signal)
  stopOnSignals(controller)
  await tuneV8()
  const [{ runCommand, reportUsageError: complain }, { Connections }] = await Promise.all([import('./cli/run.ts'), import('./operations/connections.ts')])
  await using connections = new Connections(host)
  const surroundings = {
    host,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: controller.signal,
    services: (context: Context) => connections.engineServices(context),
    remote: (context: Context) => connections.registryServices(context),
    input: standardInput(),
  }
  if (parsed.kind === 'wrong') return await complain(parsed.error, parsed.globals, surroundings)
  return await runCommand(parsed, surroundings)
}

// A promise that nobody will settle lets Node end in the middle of the work, silently and with exit code 0.
function tellOfDeadlock(): void {
  process.exitCode = ERRORS.CNB_INTERNAL.exit
  process.stderr.write('ERROR: cnb ended before its work was done, which is a defect of cnb (CNB_INTERNAL)\n')
}
process.once('exit', tellOfDeadlock)
// Not process.exit(): what is still to be written to a pipe would be lost.
void main().then((code) => {
  process.exitCode = code
  process.off('exit', tellOfDeadlock)
})
