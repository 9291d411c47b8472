/** Commands that read standard input, and a writer that never ends. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { BINARY } from '../../support/cnb.ts'

/** More than a pipe holds: it is written when the process reads. */
const COMMENT = `#${' '.repeat(256 * 1024)}`

it.each([
  ['apply', '--filename', '-'],
  ['secret', 'create', 'login', '--dockerhub', 'me', '--password-file', '-'],
  ['rebase', '--from-file', '-', '--publish'],
])('ends %s at Ctrl-C', async (...args) => {
  const child = spawn(BINARY, [...args], { stdio: 'pipe', env: { ...process.env, XDG_STATE_HOME: '/nonexistent' } })
  const [closed, errors] = [once(child, 'close'), text(child.stderr)]
  await new Promise<void>((resolve, reject) => child.stdin.write(COMMENT, (error) => (error ? reject(error) : resolve())))
  child.kill('SIGINT')
  expect(await closed).toEqual([130, null])
  expect(await errors).toContain('ERROR: interrupted\n')
})
