/** The behavior of tool/main.go, for FakeEngine. */

import { once } from 'node:events'
import type { FakeProgram } from '../../support/fakes/fake-engine.ts'

export const fakeTool: FakeProgram = async ({ args: [verb, ...args], env, user, workingDir, files, stdin, stdout, stderr, signal }) => {
  switch (verb) {
    case 'print':
      stdout?.write(args[0])
      stderr?.write(args[1])
      return Number(args[2])
    case 'flood':
      for (let line = 0; line < Number(args[0]); line++) stdout?.write(`${'x'.repeat(99)}\n`)
      return Number(args[1])
    case 'read': {
      const content = files.read(args[0]!)
      stdout?.write(content ?? '')
      return content === undefined ? 1 : 0
    }
    case 'write':
      files.write(args[0]!, args[1]!)
      return 0
    case 'append':
      files.write(args[0]!, (files.read(args[0]!)?.toString() ?? '') + args[1]!)
      return 0
    case 'echo':
      stdout?.write('listening\n')
      for await (const chunk of stdin) if (stdout && !stdout.write(chunk)) await once(stdout, 'drain')
      stderr?.write('heard the end')
      return Number(args[0])
    case 'env':
      stdout?.write(env[args[0]!] ?? '')
      return 0
    case 'where':
      stdout?.write(`${workingDir} ${user === '' ? '0:0' : user}`)
      return 0
    case 'hang':
      stdout?.write('hanging\n')
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(137)))
    default:
      return 2
  }
}
