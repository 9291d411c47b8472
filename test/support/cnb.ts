/** Runs `cnb` in a separate process without a terminal, as users do. */

import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** This checkout's `bin/cnb.js`; $CNB_TEST_BIN selects another cnb, such as an installed one or a binary of `npm run package`. */
export const BINARY = process.env['CNB_TEST_BIN'] ?? join(import.meta.dirname, '../../bin/cnb.js')

/** Whether Node runs the tested cnb; otherwise it is a binary. */
export const ON_NODE = BINARY.endsWith('.js')

export interface RunOptions {
  /** Another `bin/cnb.js` than this checkout's. */
  binary?: string
  env?: Record<string, string | undefined>
  cwd?: string
  /** Runs it as another user, which requires root. */
  uid?: number
  /** A program with arguments that runs it: `unshare …`. */
  under?: readonly string[]
}

export interface Finished {
  /** The exit code; undefined if a signal ended the process. */
  code: number | undefined
  stdout: string
  stderr: string
}

/** A running `cnb`. */
export interface Running {
  readonly finished: Promise<Finished>
  /** Resolves with the first line of stdout or stderr that matches; rejects if the process ends without one. */
  line(pattern: RegExp): Promise<string>
  signal(name: NodeJS.Signals): void
}

/** The process IDs of all `cnb` processes that this test file has started. */
export const startedProcesses = new Set<number>()

/** A home without a configuration; a cache without Node's compiled code. */
export const NO_CONFIG = { CNB_HOME: '/nonexistent', PACK_HOME: '/nonexistent', NODE_DISABLE_COMPILE_CACHE: '1' }

/** Starts `cnb` with `args`, without the user's environment variables for `cnb`, colour and volume keys. */
export function startCnb(args: readonly string[], { binary = BINARY, env = {}, cwd, uid, under = [] }: RunOptions = {}): Running {
  const [program = binary, ...words] = [...under, binary, ...args]
  const child = spawn(program, words, {
    cwd,
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: undefined, GITHUB_ACTIONS: undefined, PACK_VOLUME_KEY: 'cnb-e2e', ...NO_CONFIG, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  if (child.pid !== undefined) startedProcesses.add(child.pid)
  const text = { stdout: '', stderr: '' }
  const waiting = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk
      for (const check of waiting) check()
    })
  }
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? undefined, ...text }))
  })
  return {
    finished,
    signal: (name) => void child.kill(name),
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const check = (): boolean => {
          const found = `${text.stdout}\n${text.stderr}`.split('\n').find((line) => pattern.test(line))
          if (found === undefined) return false
          waiting.delete(check)
          resolve(found)
          return true
        }
        if (check()) return
        waiting.add(check)
        finished.then(({ code, stderr }) => {
          if (waiting.has(check) && !check()) reject(new Error(`cnb ended with ${code} before a line matched ${pattern}:\n${stderr}`))
        }, reject)
      }),
  }
}

/** Runs `cnb` and waits for its end. */
export function runCnb(args: readonly string[], options?: RunOptions): Promise<Finished> {
  return startCnb(args, options).finished
}

/** Runs `cnb` and returns its output. @throws Error with the output if the exit code is not 0 */
export async function succeed(args: readonly string[], options?: RunOptions): Promise<Finished> {
  const result = await runCnb(args, options)
  if (result.code !== 0) throw new Error(`cnb ${args.join(' ')} ended with ${result.code}\n${result.stdout}\n${result.stderr}`)
  return result
}

/** Runs `cnb … --output json` and returns its parsed stdout. */
export async function succeedJson<T>(args: readonly string[], options?: RunOptions): Promise<T> {
  return JSON.parse((await succeed([...args, '--output', 'json'], options)).stdout) as T
}
