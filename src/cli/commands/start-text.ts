/** What to do with an app image next, in a line. */

import { shellWord } from '../../ui/shell-word.ts'
import type { Theme } from '../../ui/theme.ts'

interface StartedProcess {
  readonly type: string
  readonly default: boolean
}

/** Most apps that listen do so on the port that this variable names. */
const PORT = ['-e', 'PORT=8080', '-p', '8080:8080']

/**
 * The command that starts the image's default process; without one, `web` or else the first of the others. Says so where the
 * image has no process.
 */
export function startText(image: string, processes: readonly StartedProcess[], theme: Theme): string {
  const started = processes.find((process) => process.default)
  const chosen = started ?? processes.find(({ type }) => type === 'web') ?? processes[0]
  if (!chosen) return `${theme.dim('No process to start; name a command:')} ${theme.bold(`docker run --rm ${shellWord(image)} <command>`)}`
  const port = started || chosen.type === 'web' ? PORT : []
  const entrypoint = started ? [] : ['--entrypoint', chosen.type]
  const command = ['docker', 'run', '--rm', ...port, ...entrypoint, image].map(shellWord).join(' ')
  return `${theme.dim(started ? 'Start it:' : 'No default process; start one:')} ${theme.bold(command)}`
}

/**
 * The command that copies the image from a layout to an engine. By way of an archive: skopeo's docker-daemon: (1.9, Debian 12)
 * speaks an API that Engine 28 refuses.
 * @param layout `oci:DIR[:NAME]`; without a name the image has the tag of its own name there, and skopeo wants one or the other
 */
export function copyText(layout: string, image: string, theme: Theme): string {
  const source = layout.indexOf(':', 'oci:'.length) < 0 ? layout + image.slice(image.lastIndexOf(':')) : layout
  const command = ['skopeo', 'copy', '--quiet', source, `docker-archive:/dev/stdout:${image}`].map(shellWord).join(' ')
  return `${theme.dim('Copy it:')} ${theme.bold(`${command} | docker load`)}`
}
