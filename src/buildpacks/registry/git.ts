/** Runs the user's git for repositories that may be hostile. */

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { abortError, CnbError } from '../../base/errors.ts'

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
}

/** The address of a repository, with the protocols that git may use for it. */
export interface GitAddress {
  readonly url: string
  readonly protocols: readonly string[]
}

const HTTPS = /^https:\/\/[^\s-]\S*$/
const HTTP = /^http:\/\/[^\s-]\S*$/
const CONTROL = /\p{Cc}/u
const SSH = /^(?:ssh:\/\/[^\s-][^\s/]*\/\S+|[\w.-]+@[\w.][\w.-]*:(?!:)[^\s-]\S*)$/
const FILE = /^(?:file:\/\/)?\/[^\p{Cc}]*$/u

/**
 * Checks the address of a repository. Other helpers of git, such as `ext::`, run any command.
 * @throws CnbError CNB_USAGE
 */
export function gitAddress(url: string): GitAddress {
  if (CONTROL.test(url)) throw new CnbError('CNB_USAGE', 'the address of a git repository contains control characters')
  // A user's insteadOf may replace https by ssh.
  if (HTTPS.test(url) || SSH.test(url)) return { url, protocols: ['https', 'ssh'] }
  if (HTTP.test(url)) return { url, protocols: ['http', 'https', 'ssh'] }
  if (FILE.test(url)) return { url, protocols: ['file'] }
  throw new CnbError('CNB_USAGE', `cannot use '${withoutLogin(url)}' as the address of a git repository`, {
    hint: 'Use https://host/path, ssh://host/path, user@host:path, file:///path or /path.',
  })
}

/** Returns text without the user and password of addresses. */
export function withoutLogin(text: string): string {
  return text.replace(/(\w:\/\/)[^\s/@]*@/g, '$1')
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

const TIME_LIMIT_MS = 5 * 60 * 1000
const MAX_FILE = 256 * 1024 * 1024
const GRACE_MS = 2000
const MAX_OUTPUT = 4 * 1024 * 1024
const MAX_WORDS = 2000
/** The unit of the shell's limit. */
const BLOCK = 512

/** Runs git with the arguments and returns its output. @throws GitError, CNB_INTERRUPTED or the signal's reason */
export async function runGit(args: readonly string[], options: GitOptions): Promise<Buffer> {
  const { address, signal, timeLimitMs = TIME_LIMIT_MS, maxFile = MAX_FILE, maxOutput = MAX_OUTPUT } = options
  if (signal?.aborted) throw abortError(signal)
  const allowed = (address?.protocols ?? []).map((protocol) => `protocol.${protocol}.allow=always`)
  const words = [...SETTINGS, ...allowed].flatMap((setting) => ['-c', setting])
  // Only a shell can limit the size of files that a program writes.
  const script = `ulimit -f ${Math.ceil(maxFile / BLOCK)} 2>/dev/null; exec git "$@"`
  const env = { ...options.env, ...NO_PROMPTS }
  for (const name of OF_ANOTHER_REPOSITORY) delete env[name as keyof typeof env]
  // In its own session, ssh has no terminal for questions.
  const child = spawn('/bin/sh', ['-c', script, 'git', ...words, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const limit = AbortSignal.timeout(timeLimitMs)
  const stop = signal ? AbortSignal.any([signal, limit]) : limit
  const output: Buffer[] = []
  let size = 0
  let said = ''
  let onStop = (): void => {}
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      onStop = () => reject(new GitError(`git does not finish within ${timeLimitMs / 1000} s`))
      stop.addEventListener('abort', onStop)
      child.once('error', reject)
      child.once('close', resolve)
      child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-MAX_WORDS)))
      child.stdout.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > maxOutput) reject(new GitError(`the output of git is larger than ${maxOutput} bytes`))
        output.push(chunk)
      })
    })
    if (code !== 0) throw failure(code, said, maxFile)
    return Buffer.concat(output)
  } catch (error) {
    await end(child)
    throw signal?.aborted ? abortError(signal) : error
  } finally {
    stop.removeEventListener('abort', onStop)
    child.stdout.destroy()
    child.stderr.destroy()
  }
}

/** Ends git, which ends the programs that it started. Afterwards, nothing writes to the repository. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const kill = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  child.kill('SIGTERM')
  await once(child, 'exit')
  clearTimeout(kill)
}

function failure(code: number | null, said: string, maxFile: number): GitError {
  if (code === 127) return new GitError('git is not on the PATH', 'Install git.')
  if (/signal 25\b|File too large|SIGXFSZ/.test(said)) return new GitError(`the repository is larger than the limit of ${maxFile} bytes`)
  const lines = withoutLogin(said).split('\n').filter((line) => line.trim() !== '')
  const fatal = lines.findLast((line) => line.startsWith('fatal:')) ?? lines.at(-1)
  return new GitError(fatal?.replace(/^fatal: /, '') ?? `git ended with ${code ?? 'a signal'}`)
}
