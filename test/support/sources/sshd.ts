/** A real OpenSSH server on a free port of this machine. */

import { execFileSync, spawn } from 'node:child_process'
import { accessSync, constants, mkdirSync, readFileSync, rmdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { userInfo } from 'node:os'
import { delimiter, join } from 'node:path'

export interface SshServer extends AsyncDisposable {
  /** `ssh://user@127.0.0.1:port` */
  readonly origin: string
  /** `127.0.0.1:port` */
  readonly host: string
  /** A line of known_hosts. */
  readonly knownHost: string
  /** The key that may log in. */
  readonly privateKey: string
}

/** Returns why this machine cannot run the server; undefined if it can. */
export function noSshd(): string | undefined {
  if (findSshd() === undefined) return 'no sshd (package openssh-server)'
  const needsUser = userInfo().uid === 0 && !/^sshd:/m.test(readFileSync('/etc/passwd', 'utf8'))
  return needsUser ? 'root needs the user sshd (package openssh-server)' : undefined
}

function findSshd(): string | undefined {
  return [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'].map((folder) => join(folder, 'sshd')).find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Starts the server for this user, with its files in `directory`. */
export async function startSshd(directory: string): Promise<SshServer> {
  const path = (name: string): string => join(directory, name)
  const newKey = (name: string): void => void execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path(name)])
  newKey('host_key')
  newKey('user_key')
  const made = userInfo().uid === 0 ? mkdirSync('/run/sshd', { recursive: true }) : undefined
  const port = await freePort()
  await writeFile(path('sshd_config'), [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${path('host_key')}`,
    `AuthorizedKeysFile ${path('user_key.pub')}`,
    'AuthenticationMethods publickey',
    'StrictModes no',
    'UsePAM no',
    'PidFile none',
    'MaxStartups 100',
    '',
  ].join('\n'))
  const server = spawn(findSshd() ?? '', ['-D', '-e', '-f', path('sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise((resolve) => server.once('exit', resolve))
  let said = ''
  await new Promise<void>((resolve, reject) => {
    server.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('Server listening')) resolve()
    })
    server.once('error', reject)
    server.once('exit', () => reject(new Error(`sshd does not run: ${said}`)))
  })
  const host = `127.0.0.1:${port}`
  return {
    host,
    origin: `ssh://${userInfo().username}@${host}`,
    knownHost: `[127.0.0.1]:${port} ${readFileSync(path('host_key.pub'), 'utf8').trim()}\n`,
    privateKey: readFileSync(path('user_key'), 'utf8'),
    async [Symbol.asyncDispose]() {
      server.kill()
      await ended
      if (made !== undefined) rmdirSync(made)
    },
  }
}

export async function freePort(): Promise<number> {
  const probe = createServer()
  const port = await new Promise<number>((resolve) => probe.listen(0, '127.0.0.1', () => resolve((probe.address() as AddressInfo).port)))
  await new Promise((resolve) => probe.close(resolve))
  return port
}
