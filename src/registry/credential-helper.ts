/** Docker's credential helpers: programs named `docker-credential-<name>` that keep secrets (docker/docker-credential-helpers). */

import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

const TIME_LIMIT_MS = 30_000
/** What the helpers' common library says, on stdout and with exit code 1, when it has nothing for a server. */
const NOT_FOUND = /credentials not found|no credentials server URL|no credentials username/i

type Environment = Readonly<Record<string, string | undefined>>

interface Ended {
  code: number | null
  printed: string
}

export interface HelperCredentials {
  username: string
  secret: string
}

/** The helper could not answer; the message never has what it printed, which may hold a secret. */
export class CredentialHelperError extends Error {}

/**
 * Asks `docker-credential-<name>` for the credentials of `server`; undefined when it has none.
 * @throws CredentialHelperError when it is missing, fails, takes more than 30 s, or answers with something else than credentials
 */
export async function askCredentialHelper(
  name: string,
  server: string,
  env: Environment,
  timeLimitMs: number = TIME_LIMIT_MS,
): Promise<HelperCredentials | undefined> {
  const program = `docker-credential-${name}`
  if (!/^[\w.-]+$/.test(name)) throw new CredentialHelperError(`'${name}' is not the name of a credential helper`)
  const { code, printed } = await run(program, server, env, timeLimitMs)
  if (code !== 0) {
    if (NOT_FOUND.test(printed)) return undefined
    throw new CredentialHelperError(`the credential helper ${program} failed with exit code ${code}`)
  }
  const answer = parse(printed)
  if (answer === undefined) throw new CredentialHelperError(`the credential helper ${program} did not answer with credentials`)
  return answer.secret === '' ? undefined : answer
}

async function run(program: string, server: string, env: Environment, timeLimitMs: number): Promise<Ended> {
  const limit = AbortSignal.timeout(timeLimitMs)
  const child = spawn(program, ['get'], { env, stdio: ['pipe', 'pipe', 'ignore'], signal: limit, killSignal: 'SIGKILL', windowsHide: true })
  // One that does not read its input and ends is told by its exit code.
  child.stdin.on('error', () => {})
  child.stdin.end(server)
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('exit', resolve))
  try {
    const [code, printed] = await Promise.all([ended, text(child.stdout)])
    return { code, printed }
  } catch (error) {
    const why = limit.aborted ? `did not answer within ${timeLimitMs / 1000} s` : startFailure(error)
    throw new CredentialHelperError(`the credential helper ${program} ${why}`)
  } finally {
    child.stdout.destroy()
  }
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
