/** Runs git in small shells that stay open: a large process takes longer to start a program. */

import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { platform } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { timeLimit } from '../base/clock.ts'
import { abortError } from '../base/errors.ts'
import { MarkedOutput } from './marked-output.ts'
import { gitCommand, GitError, gitFailure, lateError, MAX_OUTPUT, runGit, TIME_LIMIT_MS, type GitOptions } from './run-git.ts'

/** Idle shells that stay open. */
const KEPT = 8
/** The shell's variables, some of them read-only, are not exported. */
const EXPORTED = /^(?!(?:BASH\w*|SHELLOPTS|E?UID|PPID|LINENO|OPTIND)$)[a-z_]\w*$/i

/** Shells that run git; another one opens if all are busy. Disposal ends them, and git in them. */
export class GitShells implements Disposable {
  readonly #idle: GitShell[] = []
  readonly #all = new Set<GitShell>()

  /** Runs git as `runGit` does, for commands that write no files: to end git, it is killed. @throws as runGit */
  readonly run: typeof runGit = async (args, options) => {
    // A key needs a separate agent; Windows has no such shell.
    if (options.sshKey !== undefined || platform() === 'win32') return runGit(args, options)
    const { signal, timeLimitMs = TIME_LIMIT_MS, maxOutput = MAX_OUTPUT } = options
    if (signal?.aborted) throw abortError(signal)
    const shell = this.#idle.pop() ?? new GitShell()
    this.#all.add(shell)
    const limit = timeLimit(timeLimitMs)
    const stop = signal ? AbortSignal.any([signal, limit]) : limit
    const onStop = (): void => shell.end(lateError(timeLimitMs))
    stop.addEventListener('abort', onStop)
    try {
      const { code, output, said } = await shell.run(scriptOf(args, options), maxOutput)
      if (code !== 0) throw gitFailure(code, said.toString(), options)
      return output
    } catch (error) {
      throw signal?.aborted ? abortError(signal) : error
    } finally {
      stop.removeEventListener('abort', onStop)
      if (shell.isReady && this.#idle.length < KEPT) this.#idle.push(shell)
      else this.#end(shell)
    }
  }

  #end(shell: GitShell): void {
    this.#all.delete(shell)
    shell.end()
  }

  [Symbol.dispose](): void {
    this.#idle.length = 0
    for (const shell of this.#all) this.#end(shell)
  }
}

/** Returns the line that runs git. Its variables, which may be credentials, are in the environment of git only. */
function scriptOf(args: readonly string[], options: GitOptions): string {
  const { words, env } = gitCommand(args, options)
  const variables = Object.entries(env).flatMap(([name, value]) => (value === undefined || !EXPORTED.test(name) ? [] : [`${name}=${quoted(value)}`]))
  return `(export ${variables.join(' ')}; exec git ${words.map(quoted).join(' ')}) </dev/null & wait $!`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

interface Ended {
  readonly code: number
  readonly output: Buffer
  readonly said: Buffer
}

/** A shell that runs one command after the other. */
class GitShell {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  /** Precedes the end of each output. git never sees it, so a server cannot send it. */
  readonly #mark = randomBytes(16).toString('hex')
  readonly #outputs: readonly MarkedOutput[]
  #isRunning = false
  #problem: Error | undefined
  #fail = (_error: Error): void => {}

  constructor() {
    // In its own session, ssh has no terminal for questions, and the process group has only these programs.
    this.#child = spawn('/bin/sh', ['-s'], { env: {}, stdio: ['pipe', 'pipe', 'pipe'], detached: true })
    this.#child.on('error', (error) => this.end(error)).on('close', () => this.end())
    // Its end is reported by `close`.
    this.#child.stdin.on('error', () => {})
    // Only the shell can end all programs that git started.
    this.#child.stdin.write("trap 'kill -9 0' TERM\n")
    const { stdout, stderr } = this.#child
    this.#outputs = [stdout, stderr].map((stream) => new MarkedOutput(stream, this.#mark))
  }

  /** Whether it can run another command. */
  get isReady(): boolean {
    return !this.#isRunning && this.#problem === undefined
  }

  /** Runs a script. @throws GitError for larger outputs; then the shell is not ready any more */
  async run(script: string, maxOutput: number): Promise<Ended> {
    this.#isRunning = true
    const failed = new Promise<never>((_resolve, reject) => {
      if (this.#problem) reject(this.#problem)
      this.#fail = reject
    })
    const mark = `printf '\\n%s %s\\n' ${this.#mark} $code`
    const [output, said] = this.#outputs.map((each) => each.next(maxOutput))
    this.#child.stdin.write(`${script}; code=$?; ${mark}; ${mark} >&2\n`)
    const [out, errors] = await Promise.race([Promise.all([output!, said!]), failed])
    this.#isRunning = false
    return { code: out.code, output: out.content, said: errors.content }
  }

  /** Kills the shell and what runs in it. */
  end(problem: Error = new GitError('the shell of git ended')): void {
    this.#problem ??= problem
    this.#fail(this.#problem)
    this.#child.kill('SIGTERM')
    const { stdin, stdout, stderr } = this.#child
    for (const stream of [stdin, stdout, stderr]) stream.destroy()
  }
}
