/** Runs cnb in a new terminal: a tmux server without configuration. */

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, vi } from 'vitest'
import { makeTemporaryDirectory } from '../../src/base/files.ts'
import { BINARY, NO_CONFIG } from './cnb.ts'

const execute = promisify(execFile)

/** Starts after the record of its output does. Reports the exit code, and keeps the screen. */
const SCRIPT = `trap : INT; tmux -L "$0" wait-for start; "$@"; echo "[exit $?]"; exec sleep 1000`

export interface TerminalScreen extends AsyncDisposable {
  /** The lines of screen and history, each as it was printed: the width does not matter. */
  lines(): Promise<string[]>
  /** Resolves once the screen matches. */
  shows(pattern: RegExp): Promise<void>
  /** Resolves with the exit code at the end of the command. */
  exit(): Promise<number>
  /** Every byte that the command wrote so far. */
  written(): Promise<string>
  isCursorVisible(): Promise<boolean>
  press(key: string): Promise<void>
  resize(columns: number): Promise<void>
}

export interface ScreenOptions {
  readonly columns?: number
  readonly env?: Readonly<Record<string, string>>
}

/** Starts `cnb` in a terminal. */
export async function openScreen(args: readonly string[], { columns = 80, env = {} }: ScreenOptions = {}): Promise<TerminalScreen> {
  const directory = await makeTemporaryDirectory('cnb-terminal-')
  const record = join(directory.path, 'record')
  const server = `cnb-${randomBytes(6).toString('hex')}`
  const outside = { ...process.env, CI: undefined, FORCE_COLOR: undefined, NO_COLOR: undefined, GITHUB_ACTIONS: undefined, PACK_VOLUME_KEY: 'cnb-e2e', LC_ALL: 'C.UTF-8', ...NO_CONFIG }
  const tmux = async (...words: string[]): Promise<string> => (await execute('tmux', ['-u', '-L', server, '-f', '/dev/null', ...words], { env: outside })).stdout
  const command = ['env', ...Object.entries(env).map(([name, value]) => `${name}=${value}`), BINARY, ...args]
  await tmux('new-session', '-d', '-x', String(columns), '-y', '24', '--', 'sh', '-c', SCRIPT, server, ...command)
  await tmux('pipe-pane', `cat >'${record}'`)
  await tmux('wait-for', '-S', 'start')
  const lines = async (): Promise<string[]> => (await tmux('capture-pane', '-p', '-J', '-S', '-')).trimEnd().split('\n').map((line) => line.trimEnd())
  const shows = (pattern: RegExp): Promise<void> =>
    vi.waitFor(async () => expect((await lines()).join('\n')).toMatch(pattern), { timeout: 30_000, interval: 50 })
  return {
    lines,
    shows,
    async exit() {
      await shows(/\[exit \d+\]$/)
      return Number(/\d+/.exec((await lines()).at(-1) ?? ''))
    },
    written: () => readFile(record, 'utf8'),
    isCursorVisible: async () => (await tmux('display-message', '-p', '#{cursor_flag}')).trim() === '1',
    press: async (key) => void (await tmux('send-keys', key)),
    resize: async (width) => void (await tmux('resize-window', '-x', String(width))),
    async [Symbol.asyncDispose]() {
      await tmux('kill-server').catch(() => {})
      await directory[Symbol.asyncDispose]()
    },
  }
}
