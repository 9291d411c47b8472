/** Runs the user's git for repositories that may be hostile. */

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { timeLimit } from '../base/clock.ts'
import { abortError } from '../base/errors.ts'
import { withoutLogin, type GitAddress } from './git-address.ts'

/** git failed; the message is its own, without user and password of addresses. */
export class GitError extends Error {
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}

export interface GitOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The address that git may contact; without it, none. */
  readonly address?: GitAddress
  readonly signal?: AbortSignal | undefined
  /** Default: 5 minutes. */
  readonly timeLimitMs?: number
  /** The maximum size of each file that git writes, in bytes; default: 256 MiB. */
  readonly maxFile?: number
  /** The maximum size of the output; default: 4 MiB. */
  readonly maxOutput?: number
  /** A private key for ssh. An agent has it as long as git runs: it is neither in a file nor in the environment. */
  readonly sshKey?: string | undefined
  /** Texts that are removed from messages: a server may repeat them. */
  readonly secrets?: readonly string[]
}

/** Settings for every call: no hook, no program of the configuration runs, and no other repository is contacted. */
const SETTINGS = [
  'core.hooksPath=/dev/null',
  'core.askPass=',
  'core.bigFileThreshold=1m',
  'gc.auto=0',
  'maintenance.auto=false',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'transfer.bundleURI=false',
  'protocol.allow=never',
]
/** A caller such as a git hook sets them for its own repository (`git rev-parse --local-env-vars`). */
const OF_ANOTHER_REPOSITORY = [
  'GIT_ALTERNATE_OBJECT_DIRECTORIES', 'GIT_CONFIG', 'GIT_CONFIG_PARAMETERS', 'GIT_OBJECT_DIRECTORY', 'GIT_DIR', 'GIT_WORK_TREE',
  'GIT_IMPLICIT_WORK_TREE', 'GIT_GRAFT_FILE', 'GIT_INDEX_FILE', 'GIT_NO_REPLACE_OBJECTS', 'GIT_REPLACE_REF_BASE', 'GIT_PREFIX',
  'GIT_SHALLOW_FILE', 'GIT_COMMON_DIR', 'GIT_NAMESPACE', 'GIT_QUARANTINE_PATH', 'GIT_TEMPLATE_DIR', 'GIT_ALLOW_PROTOCOL',
]
/** No question on the terminal or in a window. */
const NO_PROMPTS = { GIT_TERMINAL_PROMPT: '0', GIT_ASKPASS: '', SSH_ASKPASS_REQUIRE: 'never', LC_ALL: 'C' }

export const TIME_LIMIT_MS = 5 * 60 * 1000
const MAX_FILE = 256 * 1024 * 1024
const GRACE_MS = 2000
export const MAX_OUTPUT = 4 * 1024 * 1024
const MAX_WORDS = 2000
/** The unit of the shell's limit. */
const BLOCK = 512
/** The exit code of the shell for a program that does not exist. */
const NO_PROGRAM = 127
/** The exit code of WITH_KEY if the agent rejects the key. */
const BAD_KEY = 96

/** Runs git with an agent that has the key from file descriptor 3. The agent ends with git, also after a kill of this process. */
const WITH_KEY = `trap 'kill "$SSH_AGENT_PID"' EXIT; trap 'exit 143' TERM
ssh-add -q - <&3 || exit ${BAD_KEY}
git "$@" 3<&- & wait $!`

/** Runs git with the arguments and returns its output. @throws GitError, CNB_INTERRUPTED or the signal's reason */
export function runGit(args: readonly string[], options: GitOptions): Promise<Buffer> {
  const { maxOutput = MAX_OUTPUT } = options
  return streamGit(args, options, async (output) => {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of output as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > maxOutput) throw tooLarge(maxOutput)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  })
}

/** Runs git with the arguments while `read` reads its output. @throws as runGit, and the errors of `read` */
export async function streamGit<T>(args: readonly string[], options: GitOptions, read: (output: Readable) => Promise<T>): Promise<T> {
  const { signal, timeLimitMs = TIME_LIMIT_MS } = options
  if (signal?.aborted) throw abortError(signal)
  const child = start(args, options)
  const limit = timeLimit(timeLimitMs)
  const stop = signal ? AbortSignal.any([signal, limit]) : limit
  let said = ''
  let onStop = (): void => {}
  const exit = async (): Promise<void> => {
    const code = await new Promise<number | null>((resolve, reject) => {
      onStop = () => reject(lateError(timeLimitMs))
      stop.addEventListener('abort', onStop)
      child.once('error', reject)
      child.once('close', resolve)
      child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-MAX_WORDS)))
    })
    if (code !== 0) throw gitFailure(code, said, options)
  }
  const exited = exit()
  const reading = read(child.stdout).catch(async (error: unknown) => {
    // The failure of git explains an output that is cut off.
    if (child.stdout.readableEnded) await exited
    throw error
  })
  try {
    const [result] = await Promise.all([reading, exited])
    return result
  } catch (error) {
    await end(child)
    throw signal?.aborted ? abortError(signal) : error
  } finally {
    stop.removeEventListener('abort', onStop)
    child.stdout.destroy()
    child.stderr.destroy()
  }
}

type Git = ChildProcess & { readonly stdout: Readable; readonly stderr: Readable }

/** Returns the arguments and the environment of git. */
export function gitCommand(args: readonly string[], { address, env: given }: GitOptions): { words: string[]; env: GitOptions['env'] } {
  const allowed = (address?.protocols ?? []).map((protocol) => `protocol.${protocol}.allow=always`)
  const settings = [...SETTINGS, ...allowed].flatMap((setting) => ['-c', setting])
  const env = { ...given, ...NO_PROMPTS }
  for (const name of OF_ANOTHER_REPOSITORY) delete env[name as keyof typeof env]
  return { words: [...settings, ...args], env }
}

function start(args: readonly string[], options: GitOptions): Git {
  const { maxFile = MAX_FILE, sshKey } = options
  const { words, env } = gitCommand(args, options)
  const [git, agent] = sshKey === undefined ? ['git', []] : ['ssh-agent /bin/sh -c "$agent" git', [WITH_KEY]]
  // Only a shell can limit the size of files that a program writes, and end all programs that git started.
  const script = `ulimit -f ${Math.ceil(maxFile / BLOCK)} 2>/dev/null
trap 'trap "" TERM; kill 0; wait; exit 143' TERM
${agent.length > 0 ? 'agent=$1; shift\n' : ''}${git} "$@" & wait $!`
  // In its own session, ssh has no terminal for questions, and the process group has only these programs.
  const child = spawn('/bin/sh', ['-c', script, 'git', ...agent, ...words], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', sshKey === undefined ? 'ignore' : 'pipe'],
    detached: true,
  })
  if (sshKey !== undefined) {
    const pipe = child.stdio[3] as Writable
    // If the agent does not start, the exit code reports it.
    pipe.on('error', () => {})
    pipe.end(sshKey)
  }
  return child as Git
}

export function lateError(timeLimitMs: number): GitError {
  return new GitError(`git does not finish within ${timeLimitMs / 1000} s`)
}

export function tooLarge(maxOutput: number): GitError {
  return new GitError(`the output of git is larger than ${maxOutput} bytes`)
}

/** Ends git and the programs that it started. Afterwards, nothing writes to the repository. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const kill = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  child.kill('SIGTERM')
  await once(child, 'exit')
  clearTimeout(kill)
}

/** Returns the error for an exit code, from the messages of git. */
export function gitFailure(code: number | null, said: string, { maxFile = MAX_FILE, sshKey, secrets = [] }: GitOptions): GitError {
  if (code === NO_PROGRAM && sshKey === undefined) return new GitError('git is not on the PATH', 'Install git.')
  if (code === NO_PROGRAM) return new GitError('git or ssh-agent is not on the PATH', 'Install git and OpenSSH.')
  if (code === BAD_KEY && sshKey !== undefined) {
    return new GitError('ssh-agent rejects the private key', 'Use a private key without a passphrase, in the format of OpenSSH or PEM.')
  }
  if (/signal 25\b|File too large|SIGXFSZ/.test(said)) return new GitError(`the repository is larger than the limit of ${maxFile} bytes`)
  const clean = secrets.reduce((text, secret) => (secret === '' ? text : text.replaceAll(secret, '***')), withoutLogin(said))
  const lines = clean.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !/^Please make sure|^and the repository exists/.test(line))
  const at = lines.findLastIndex((line) => line.startsWith('fatal:'))
  // The cause is a line of ssh before it.
  const cause = at > 0 && lines[at]?.includes('Could not read from remote repository') ? lines[at - 1] : lines.at(at)
  return new GitError(cause?.replace(/^(?:fatal|error): /, '') ?? `git ended with ${code ?? 'a signal'}`)
}
