/** git's own server on a free port of this machine. */

import { spawn } from 'node:child_process'
import { GIT_ENV } from '../registry/index-repository.ts'
import { freePort } from './sshd.ts'

/** Starts git daemon for the repositories below a directory. */
export async function startDaemon(root: string): Promise<AsyncDisposable & { port: number }> {
  const port = await freePort()
  const daemon = spawn('git', ['daemon', '--export-all', '--verbose', `--base-path=${root}`, '--listen=127.0.0.1', `--port=${port}`, root], {
    env: { ...GIT_ENV, GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise((done) => daemon.once('exit', done))
  await new Promise<void>((done, fail) => {
    daemon.stderr.on('data', (chunk: Buffer) => chunk.includes('Ready to rumble') && done())
    daemon.once('exit', () => fail(new Error('git daemon does not run')))
  })
  return {
    port,
    async [Symbol.asyncDispose]() {
      daemon.kill()
      await ended
    },
  }
}
