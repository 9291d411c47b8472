/** Runs Docker's credential helpers, `docker-credential-<name>` (docker/docker-credential-helpers). */

import { timeLimit } from '../../base/clock.ts'
import { abortError } from '../../base/errors.ts'

const TIME_LIMIT_MS = 30_000
const MAX_ANSWER = 1024 * 1024
/** Output of the helpers' common library, with exit code 1, if it has no credentials for a server. */
const NOT_FOUND = /credentials not found|no credentials server URL|no credentials username/i

type HelperEnvironment = Readonly<Record<string, string | undefined>>

interface HelperExit {
  code: number | null
  printed: string
}

export interface AskOptions {
  readonly env: HelperEnvironment
  readonly signal?: AbortSignal
  /** Default: 30 s. */
  readonly timeLimitMs?: number
}

export interface HelperCredentials {
  username: string
  secret: string
}

/** The helper failed; the message omits its output, which may contain a secret. */
export class CredentialHelperError extends Error {}

/**
 * Runs `docker-credential-<name>` for the credentials of `server`; returns undefined if it has none.
 * @throws CredentialHelperError if it is missing, fails, takes more than 30 s, or prints something other than credentials;
 *   the signal's reason
 */
export async function askCredentialHelper(name: string, server: string, options: AskOptions): Promise<HelperCredentials | undefined> {
  const program = `docker-credential-${name}`
  if (!/^[\w.-]+$/.test(name)) throw new CredentialHelperError(`'${name}' is not the name of a credential helper`)
  const { code, printed } = await run(program, server, options)
  if (code !== 0) {
    if (NOT_FOUND.test(printed)) return undefined
    throw new CredentialHelperError(`the credential helper ${program} failed with exit code ${code}`)
  }
  const answer = parse(printed)
  if (answer === undefined) throw new CredentialHelperError(`the credential helper ${program} did not return credentials`)
  return answer.secret === '' ? undefined : answer
}

async function run(program: string, server: string, { env, signal, timeLimitMs = TIME_LIMIT_MS }: AskOptions): Promise<HelperExit> {
  if (signal?.aborted) throw abortError(signal)
  const limit = timeLimit(timeLimitMs)
  const stop = signal ? AbortSignal.any([signal, limit]) : limit
  const { spawn } = await import('node:child_process')
  const child = spawn(program, ['get'], { env, stdio: ['pipe', 'pipe', 'ignore'], windowsHide: true })
  // If the helper ends without reading its input, the exit code reports its result.
  child.stdin.on('error', () => {})
  child.stdin.end(server)
  let code: number | null | undefined
  let printed = ''
  let stopped = (): void => {}
  try {
    return await new Promise<HelperExit>((resolve, reject) => {
      // A background process of the helper may keep the pipe open: its own exit and output are enough.
      const settle = (isClosed: boolean): void => {
        if (code !== undefined && (isClosed || isAnswer(code, printed))) resolve({ code, printed })
      }
      stopped = () => reject(new CredentialHelperError(`the credential helper ${program} did not reply within ${timeLimitMs / 1000} s`))
      stop.addEventListener('abort', stopped)
      child.once('error', (error) => reject(new CredentialHelperError(`the credential helper ${program} ${startFailure(error)}`)))
      child.once('exit', (exit) => {
        code = exit
        settle(false)
      })
      child.once('close', () => settle(true))
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        printed += chunk
        if (printed.length > MAX_ANSWER) reject(new CredentialHelperError(`the credential helper ${program} printed more than ${MAX_ANSWER / 2 ** 20} MiB`))
        settle(false)
      })
    })
  } catch (error) {
    child.kill('SIGKILL')
    throw signal?.aborted ? abortError(signal) : error
  } finally {
    stop.removeEventListener('abort', stopped)
    child.stdin.destroy()
    child.stdout.destroy()
  }
}

function isAnswer(code: number | null, printed: string): boolean {
  return code === 0 ? parse(printed) !== undefined : NOT_FOUND.test(printed)
}

function startFailure(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ENOENT' ? 'is not on the PATH' : `cannot be started (${code ?? 'unknown reason'})`
}

function parse(printed: string): HelperCredentials | undefined {
  try {
    const answer: unknown = JSON.parse(printed)
    if (typeof answer !== 'object' || answer === null || !('Username' in answer) || !('Secret' in answer)) return undefined
    const { Username, Secret } = answer
    return typeof Username === 'string' && typeof Secret === 'string' ? { username: Username, secret: Secret } : undefined
  } catch {
    return undefined
  }
}
