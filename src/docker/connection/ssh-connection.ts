/** A connection to an engine through the user's own `ssh`. */

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { Duplex } from 'node:stream'
import type { Transport } from './engine-address.ts'

const MAX_WORDS = 2000

/** `ssh` failed, in its own words; `established` when the engine had answered before. */
export class SshError extends Error {
  readonly established: boolean
  readonly hint: string

  constructor(message: string, established: boolean, hint = "See that 'ssh' to that host runs 'docker version' without a question.") {
    super(message)
    this.established = established
    this.hint = hint
  }
}

/** What each reply of an engine begins with. */
const HTTP = Buffer.from('HTTP/')

/** Whether enough is printed of something else to be shown: a line, or all before the first reply. */
function isOther(printed: Buffer): boolean {
  const isHttp = HTTP.subarray(0, printed.length).equals(printed.subarray(0, HTTP.length))
  return !isHttp && (printed.includes('\n') || printed.includes(HTTP) || printed.length > MAX_WORDS)
}

function talkingShell(printed: Buffer): SshError {
  const at = printed.indexOf(HTTP)
  const text = printed.subarray(0, at < 0 ? MAX_WORDS : at).toString().trim()
  return new SshError(
    `the login shell at the other end prints ${JSON.stringify(text)} where the engine's reply should be`,
    false,
    'Let the start file of that shell, such as ~/.bashrc, print only to a terminal.',
  )
}

/** The arguments of `ssh` that reach an engine, as the Docker command line gives them (docker/cli, cli/connhelper). */
export function sshArguments(target: Extract<Transport, { kind: 'ssh' }>): string[] {
  return [
    ...(target.user ? ['-l', target.user] : []),
    ...(target.port ? ['-p', target.port] : []),
    ...['-o', 'ConnectTimeout=30', '-T', '--', target.host, 'docker'],
    ...(target.socket ? ['--host', `unix://${target.socket}`] : []),
    ...['system', 'dial-stdio'],
  ]
}

/**
 * `ssh … docker system dial-stdio` as a byte stream. It brings the user's keys, agent, jump hosts and known hosts, where
 * the library that docker-modem would use accepts any host key. Ends or fails only once ssh has, so that its words are known.
 */
export class SshConnection extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams
  #words = ''

  constructor(target: Extract<Transport, { kind: 'ssh' }>) {
    super()
    const child = spawn('ssh', sshArguments(target))
    this.#child = child
    let established = false
    let printed = Buffer.alloc(0)
    child.stdout.on('data', (chunk: Buffer) => {
      if (!established) {
        printed = Buffer.concat([printed, chunk])
        established = printed.subarray(0, HTTP.length).equals(HTTP)
        if (established) chunk = printed
        else if (isOther(printed)) this.destroy(talkingShell(printed))
        if (!established) return
      }
      if (!this.push(chunk)) child.stdout.pause()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      this.#words = (this.#words + chunk.toString()).slice(-MAX_WORDS)
    })
    // Why it could not be written to is told by how ssh ends.
    child.stdin.on('error', () => {})
    child.once('error', (error) => this.destroy(new SshError(`ssh could not be started: ${error.message}`, false)))
    child.once('close', (code) => {
      if (printed.length > 0 && !established) this.destroy(talkingShell(printed))
      else if (code === 0) this.push(null)
      else this.destroy(new SshError(this.#words.trim() || `ssh ended with ${code ?? 'a signal'}`, established))
    })
  }

  override _read(): void {
    this.#child.stdout.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#child.stdin.write(chunk, () => done())
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(() => done())
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.kill()
    done(error)
  }

  // node:http calls these on a connection; a pipe has nothing to set.
  setTimeout(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  setNoDelay(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
}
