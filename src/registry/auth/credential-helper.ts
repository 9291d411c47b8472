/** Docker's credential helpers: programs named `docker-credential-<name>` that keep secrets (docker/docker-credential-helpers). */

import { spawn } from 'node:child_process'
import { abortError } from '../../base/errors.ts'

const TIME_LIMIT_MS = 30_000
const MAX_ANSWER = 1024 * 1024
/** What the helpers' common library says, on stdout and with exit code 1, when it has nothing for a server. */
const NOT_FOUND = /credentials not found|no credentials server URL|no credentials username/i

type Environment = Readonly<Record<string, string | undefined>>

interface Ended {
  code: number | null
  printed: string
}

export interface AskOptions {
  readonly env: Environment
  readonly signal?: AbortSignal
  /** 30 s when absent. */
  readonly timeLimitMs?: number
}

export interface HelperCredentials {
  username: string
  secret: string
}

/** The helper could not answer; the message never has what it printed, which may hold a secret. */
export class CredentialHelperError extends Error {}

/**
 * Asks `docker-credential-<name>` for the credentials of `server`; undefined when it has none.
 * @throws CredentialHelperError when it is missing, fails, takes more than 30 s, or answers with something else than credentials;
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
  if (answer === undefined) throw new CredentialHelperError(`the credential helper ${program} did not answer with credentials`)
  return answer.secret === '' ? undefined : answer
}

async function run(program: string, server: string, { env, signal, timeLimitMs = TIME_LIMIT_MS }: AskOptions): Promise<Ended> {
  if (signal?.aborted) throw abortError(signal)
  const limit = AbortSignal.timeout(timeLimitMs)
  const stop = signal ? AbortSignal.any([signal, limit]) : limit
  const child = spawn(program, ['get'], { env, stdio: ['pipe', 'pipe', 'ignore'], windowsHide: true })
  // One that does not read its input and ends is told by its exit code.
  child.stdin.on('error', () => {})
  child.stdin.end(server)
  let code: number | null | undefined
  let printed = ''
  let stopped = (): void => {}
  try {
    return await new Promise<Ended>((resolve, reject) => {
      // A program that the helper leaves behind may hold the pipe open: the helper's own end and answer are enough.
      const settle = (isClosed: boolean): void => {
        if (code !== undefined && (isClosed || isAnswer(code, printed))) resolve({ code, printed })
      }
      stopped = () => reject(new CredentialHelperError(`the credential helper ${program} did not answer within ${timeLimitMs / 1000} s`))
      stop.addEventListener('abort', stopped)
      child.once('error', (error) => reject(new CredentialHelperError(`the credential helper ${program} ${startFailure(error)}`)))
      child.once('exit', (exit) => {
        code = exit
        settle(false)
      })
      child.once('close', () => settle(true))
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        printed += chunk
        if (printed.length > MAX_ANSWER) reject(new CredentialHelperError(`the credential helper ${program} answered with more than ${MAX_ANSWER / 2 ** 20} MiB`))
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
  return code === 'ENOENT' ? 'is not on the PATH' : `could not be started (${code ?? 'unknown reason'})`
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
