/** A fake `ssh`. */

import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'

/** Puts a Node program first on the PATH for the rest of the test. */
export async function fakeSsh(program: string): Promise<void> {
  const directory = await makeTemporaryDirectory('cnb-test-')
  const path = process.env.PATH
  onTestFinished(async () => {
    process.env.PATH = path
    await directory[Symbol.asyncDispose]()
  })
  const ssh = join(directory.path, 'ssh')
  await writeFile(ssh, `#!${process.execPath}\n${program}`)
  await chmod(ssh, 0o755)
  process.env.PATH = `${directory.path}:${path}`
}

/** The equivalent of `docker system dial-stdio` on the remote host. */
export function sshTo(socket: string): string {
  const options = JSON.stringify({ path: socket, allowHalfOpen: true })
  return `const s = require('net').connect(${options}); process.stdin.pipe(s).on('end', () => process.exit()).pipe(process.stdout)`
}
