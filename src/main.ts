/** Composition root: the only file that knows the process. Command line, streams, signals and engine in; exit code out. */

import { setMaxListeners } from 'node:events'
import { homedir, hostname } from 'node:os'
import process from 'node:process'
import { CnbError, ERRORS, toCnbError } from './base/errors.ts'
import type { Context } from './base/events.ts'
import { NAME, VERSION } from './base/version.ts'
import { parseCommandLine } from './cli/program.ts'
import type { Engine } from './docker/engine.ts'
import type { ResourceOwner } from './docker/owner.ts'
import type { Host, RegistryServices, EngineServices } from './operations/services.ts'

/** How long a run that was told to stop may take over it: 10 s are promised. */
const LAST_GRACE_MS = 9500

const host: Host = { env: process.env, cwd: process.cwd(), home: homedir() }

/** Go's names of processors, which images have, by Node's. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' }

/** Connections that a command asked for, closed at the end so that the process can end. */
const closing: (() => Promise<void>)[] = []

/** The client loads undici: only for commands that ask. */
function remoteServices(context: Context): RegistryServices {
  return {
    host,
    // Also where containers run in a virtual machine.
    platform: { os: 'linux', architecture: ARCHITECTURES[process.arch] ?? process.arch },
    registries: async (settings) => {
      const [{ openRegistries }, { makeKeychain }] = await Promise.all([
        import('./registry/open-registries.ts'),
        import('./registry/auth/keychain.ts'),
      ])
      const warn = (message: string): void => context.events?.({ type: 'warning', message })
      const keychain = makeKeychain({ env: host.env, home: host.home, signal: context.signal, warn })
      const registries = openRegistries({ ...settings, keychain, env: host.env, userAgent: `${NAME}/${VERSION}`, warn, events: context.events })
      closing.push(() => registries.close())
      return registries
    },
  }
}

/** Connects to the engine, and clears up after earlier runs beside the work. Loads dockerode: only for commands that ask. */
async function connectServices(context: Context): Promise<EngineServices> {
  const [{ connect }, { resolveEndpoint }, { makeKeychain }, { currentOwner, ownerLabel }] = await Promise.all([
    import('./docker/connection/connect.ts'),
    import('./docker/connection/endpoint.ts'),
    import('./registry/auth/keychain.ts'),
    import('./docker/owner.ts'),
  ])
  const endpoint = await resolveEndpoint({
    env: host.env,
    home: host.home,
    uid: process.getuid?.(),
    windows: process.platform === 'win32',
  })
  const engine = await connect(endpoint, context)
  const owner = await currentOwner(hostname(), process.pid)
  const swept = sweep(engine, owner, context)
  closing.push(async () => {
    await swept
    engine.close()
  })
  return {
    engine,
    host,
    sweep: () => swept,
    owner: ownerLabel(owner),
    credentials: makeKeychain({
      env: host.env,
      home: host.home,
      signal: context.signal,
      warn: (message) => context.events?.({ type: 'warning', message }),
    }),
  }
}

/** Removes what killed runs left on the engine. Never fails a command. */
async function sweep(engine: Engine, { space }: ResourceOwner, context: Context): Promise<void> {
  const [{ removeOrphans }, { hasEnded }] = await Promise.all([import('./docker/orphans.ts'), import('./docker/owner.ts')])
  try {
    const removed = await removeOrphans(engine, { space, hasEnded: (owner) => hasEnded(owner, exists), now: Date.now }, context)
    if (removed > 0) context.events?.({ type: 'debug', message: `removed ${removed} leftovers of earlier runs` })
  } catch (error) {
    context.events?.({ type: 'debug', message: `leftovers of earlier runs were not looked for: ${toCnbError(error).message}` })
  }
}

/** Whether a process has that id; one of another user's has, too. */
function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
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
  const { runCommand, reportUsageError: complain } = await import('./cli/run.ts')
  const surroundings = {
    host,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: controller.signal,
    services: connectServices,
    remote: remoteServices,
    input: standardInput(),
  }
  if (parsed.kind === 'wrong') return complain(parsed.error, parsed.globals, surroundings)
  try {
    return await runCommand(parsed, surroundings)
  } finally {
    await Promise.all(closing.map((close) => close()))
  }
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
