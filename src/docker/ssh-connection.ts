/** A connection to an engine through the user's own `ssh`. */

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { Duplex } from 'node:stream'
import type { Transport } from './engine-address.ts'

const MAX_WORDS = 2000

/** `ssh` failed, in its own words; `established` when the engine had answered before. */
export class SshError extends Error {
  readonly established: boolean

  constructor(message: string, established: boolean) {
    super(message)
    this.established = established
  }
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
 * the library that dockerode would use accepts any host key. Ends or fails only once ssh has, so that its words are known.
 */
export class SshConnection extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams
  #words = ''

  constructor(target: Extract<Transport, { kind: 'ssh' }>) {
    super()
    const child = spawn('ssh', sshArguments(target))
    this.#child = child
    let established = false
    child.stdout.on('data', (chunk: Buffer) => {
      established = true
      if (!this.push(chunk)) child.stdout.pause()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      this.#words = (this.#words + chunk.toString()).slice(-MAX_WORDS)
    })
    // Why it could not be written to is told by how ssh ends.
    child.stdin.on('error', () => {})
    child.once('error', (error) => this.destroy(new SshError(`ssh could not be started: ${error.message}`, false)))
    child.once('close', (code) => {
      if (code === 0) this.push(null)
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
