/** A connection to an engine through the user's `ssh` command. */

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { Duplex } from 'node:stream'
import type { Transport } from './engine-address.ts'
import { SshError } from './ssh-error.ts'

const MAX_WORDS = 2000

/** The start of every HTTP reply of an engine. */
const HTTP = Buffer.from('HTTP/')

/** Whether enough unexpected output has arrived to report: a line, or all output before the first reply. */
function isOther(printed: Buffer): boolean {
  const isHttp = HTTP.subarray(0, printed.length).equals(printed.subarray(0, HTTP.length))
  return !isHttp && (printed.includes('\n') || printed.includes(HTTP) || printed.length > MAX_WORDS)
}

function talkingShell(printed: Buffer): SshError {
  const at = printed.indexOf(HTTP)
  const text = printed.subarray(0, at < 0 ? MAX_WORDS : at).toString().trim()
  return new SshError(
    `the remote login shell prints ${JSON.stringify(text)} before the engine's reply`,
    false,
    'Change the start file of that shell, such as ~/.bashrc, to print only to a terminal.',
  )
}

/** Returns the arguments of `ssh`, as in the docker CLI (docker/cli, cli/connhelper). */
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
 * `ssh … docker system dial-stdio` as a byte stream. Unlike docker-modem's SSH library, which accepts any host key, it uses the user's
 * keys, agent, jump hosts and known hosts. It ends or fails only after ssh has ended, when its error output is complete.
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
    // The exit of ssh explains a failed write.
    child.stdin.on('error', () => {})
    child.once('error', (error) => this.destroy(new SshError(`cannot start ssh: ${error.message}`, false)))
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

  // node:http calls these methods on a connection; a pipe has no such settings.
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
