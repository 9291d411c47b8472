/** The suggested next command for an app image. */

import { shellWord } from '../../ui/shell-word.ts'
import type { Theme } from '../../ui/theme.ts'

interface StartedProcess {
  readonly type: string
  readonly default: boolean
}

/** Most apps that listen use the port in this variable. */
const PORT = ['-e', 'PORT=8080', '-p', '8080:8080']

/**
 * Returns the command that starts the image's default process; without one, `web` or else the first process. Says if the image has
 * no process.
 */
export function startText(image: string, processes: readonly StartedProcess[], theme: Theme): string {
  const started = processes.find((process) => process.default)
  const chosen = started ?? processes.find(({ type }) => type === 'web') ?? processes[0]
  if (!chosen) return `${theme.dim('No process; specify a command:')} ${theme.bold(`docker run --rm ${shellWord(image)} <command>`)}`
  const port = started || chosen.type === 'web' ? PORT : []
  const entrypoint = started ? [] : ['--entrypoint', chosen.type]
  const command = ['docker', 'run', '--rm', ...port, ...entrypoint, image].map(shellWord).join(' ')
  return `${theme.dim(started ? 'Start it:' : 'No default process; start one:')} ${theme.bold(command)}`
}

/** Returns the line that shows how to load the image into an engine: commands connected by pipes. Returns no line if the list is empty. */
export function copyText(commands: readonly (readonly string[])[], theme: Theme): string[] {
  const line = commands.map((words) => words.map(shellWord).join(' ')).join(' | ')
  return line === '' ? [] : [`${theme.dim('Copy it:')} ${theme.bold(line)}`]
}
