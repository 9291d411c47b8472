/** Runs a command and reports its result; loaded only to run a command or to print an error. */

import { resolve } from 'node:path'
import { abortError, throwIfAborted, toCnbError, type CnbError } from '../base/errors.ts'
import type { Context, EventSink } from '../base/events.ts'
import { measured } from '../base/spans.ts'
import { openTrace, type Trace } from '../base/trace.ts'
import { NAME } from '../base/version.ts'
import type { Host, RegistryServices, EngineServices } from '../operations/services.ts'
import { makeReporter, type ReporterOptions } from '../ui/make-reporter.ts'
import { type AppOutput, appEvents, cleanWriter, rawWriter } from '../ui/reporters/app-output.ts'
import type { Reporter } from '../ui/reporter.ts'
import { escapeDocument, prettyJson } from '../ui/reporters/json.ts'
import { OutputClosed, Terminal, type OutputStream } from '../ui/terminal.ts'
import type { UserTerminal } from '../operations/shell/shell.ts'
import type { CommandContext, Dialect } from './command.ts'
import type { CommandRun, Globals } from './program.ts'

/** The parts of the process that main.ts passes in. */
export interface ProcessIO {
  readonly host: Host
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  /** Aborted to stop the run; its reason is the error. */
  readonly signal: AbortSignal
  /** Connects to the engine. */
  readonly services: (context: Context) => Promise<EngineServices>
  /** Creates the services that need no engine. */
  readonly remote: (context: Context) => RegistryServices
  /** The standard input. */
  readonly input: AsyncIterable<Buffer>
  /** Whether a person can read a question on stderr, and type the answer. */
  readonly isInteractive?: boolean
  /** Opens the terminal for another program, if input and output are one. */
  readonly userTerminal?: () => UserTerminal
  /** Returns the signal of a second Ctrl-C; after that, only a third one ends the process at once. */
  readonly hurry: () => AbortSignal
}

type Screen = Pick<ProcessIO, 'stdout' | 'stderr' | 'host'>

/** Runs a command. @returns the exit code */
export async function runCommand(run: CommandRun & { readonly globals: Globals }, io: ProcessIO, dialect: Dialect): Promise<number> {
  const { signal, host, services, remote, input } = io
  for (const note of run.notes ?? []) io.stderr.write(`${note}\n`)
  const terminal = terminalOf(run.globals, io)
  const reporter = await reporterFor(run.globals, terminal, io.host, dialect)
  const reportStopping = (): void => {
    if (toCnbError(signal.reason).code === 'CNB_INTERRUPTED') {
      reporter.events({ type: 'warning', message: 'stopping and cleaning up; press Ctrl-C again to exit immediately' })
    }
  }
  signal.addEventListener('abort', reportStopping, { once: true })
  let trace: Trace | undefined
  try {
    const { verbose, explain } = run.globals
    trace = openTraceOf(host, run.definition.name)
    const context: Context = { signal, events: trace ? bothOf(reporter.events, trace.events) : reporter.events }
    const session: CommandContext = { host, context, input, verbose, explain, dialect, output: run.globals.output, print: printer(terminal), appOutput: () => appOutputOf(run.globals.output, terminal, io, reporter.events), hurry: io.hurry, services: () => measured(context, 'connecting to the engine', () => services(context)), remote: remote(context), ...(io.userTerminal ? { userTerminal: io.userTerminal } : {}), ...(io.isInteractive ? { confirm: (question) => confirm(question, io) } : {}) }
    const outcome = await run.definition.run(run.given, run.values, session)
    reporter.succeed(outcome)
    return outcome.exit ?? 0
  } catch (thrown) {
    if (thrown instanceof OutputClosed) return 0
    // After an abort, any other error is a consequence of it.
    const error = signal.aborted ? abortError(signal) : toCnbError(thrown)
    reporter.fail(error)
    return dialect.exitOf(error)
  } finally {
    signal.removeEventListener('abort', reportStopping)
    trace?.close()
  }
}

/** Returns the function that prints parts of a result. A failed output ends the command: a result that grows would never end. */
function printer(terminal: Terminal): CommandContext['print'] {
  return (text) => {
    terminal.print(text)
    if (terminal.isDeaf) throw new OutputClosed()
  }
}

/**
 * Returns the receivers of an app's output: the bytes as they are, except where control sequences or commands of a CI runner would have
 * an effect. Only the document is on stdout for `--output json`.
 */
function appOutputOf(format: string, terminal: Terminal, { stdout, stderr, host }: Screen, events: EventSink): AppOutput {
  if (format === 'ndjson') return appEvents(events)
  const isRunner = host.env['GITHUB_ACTIONS'] === 'true'
  const writer = (to: OutputStream, print: (text: string) => void, colors: boolean) => {
    if (isRunner) return cleanWriter(print, colors)
    return to.isTTY ? cleanWriter((line) => void to.write(`${line}\n`), colors) : rawWriter(to)
  }
  const told = writer(stderr, (text) => terminal.tell(text), terminal.err.colored)
  return { stdout: format === 'human' ? writer(stdout, (text) => terminal.print(text), terminal.out.colored) : told, stderr: told }
}

/** Any other answer than yes, such as an empty line, is a no. */
async function confirm(question: string, { stderr, input, signal }: ProcessIO): Promise<boolean> {
  stderr.write(`${question} [y/N] `)
  for await (const answer of input) return /^y(es)?$/i.test(answer.toString().trim())
  throwIfAborted(signal)
  stderr.write('\n')
  return false
}

/**
 * Opens the trace file of CNB_TRACE; its first span is the time from the process start to this call.
 * @returns undefined if CNB_TRACE is unset or empty
 * @throws CnbError CNB_OUTPUT
 */
function openTraceOf({ env, cwd }: Host, command: string): Trace | undefined {
  const path = env['CNB_TRACE']
  if (path === undefined || path === '') return undefined
  const trace = openTrace(resolve(cwd, path), `${NAME} ${command}`)
  trace.events({ type: 'span', category: 'work', name: 'starting', startMs: 0, durationMs: performance.now() })
  return trace
}

function bothOf(first: EventSink, second: EventSink): EventSink {
  return (event) => {
    first(event)
    second(event)
  }
}

/** Reports an invalid command line. @returns the exit code */
export async function reportUsageError(error: CnbError, globals: Globals, io: Screen, dialect: Dialect): Promise<number> {
  const reporter = await reporterFor(globals, terminalOf(globals, io), io.host, dialect)
  reporter.fail(error)
  return dialect.exitOf(error)
}

function terminalOf({ color, timestamps }: Globals, { stdout, stderr, host }: Screen): Terminal {
  return new Terminal({ stdout, stderr, env: host.env, color, ...(timestamps ? { now: () => new Date() } : {}) })
}

async function reporterFor(globals: Globals, terminal: Terminal, host: Host, { program }: Dialect): Promise<Reporter> {
  const { quiet, verbose, explain, output } = globals
  const format = await formatFor(output)
  if (program === 'pack') {
    const { PackReporter } = await import('../ui/reporters/pack.ts')
    return new PackReporter(terminal, { quiet, verbose, ...(typeof format === 'function' ? { stringify: format } : {}) })
  }
  return makeReporter({ terminal, format, quiet, verbose, explain: explain || verbose, github: host.env['GITHUB_ACTIONS'] === 'true' })
}

/** Returns the writer for a value of --output. The YAML and TOML libraries are loaded on demand. */
export async function formatFor(output: string): Promise<ReporterOptions['format']> {
  switch (output) {
    case 'json':
      return prettyJson
    case 'ndjson':
      return 'ndjson'
    case 'yaml': {
      const { stringifyYaml } = await import('../formats/yaml.ts')
      return (document) => escapeDocument(stringifyYaml(document))
    }
    case 'toml': {
      const { stringifyToml } = await import('../formats/toml.ts')
      return (document) => escapeDocument(stringifyToml({ ...document }))
    }
    default:
      return 'human'
  }
}
