/** Reads a job's log as GitHub's runner does: some lines are commands, unless these are stopped. */

export interface JobLog {
  readonly log: string
  readonly groups: readonly string[]
  /** Any other command, `error` and `warning` above all. */
  readonly annotations: readonly { readonly kind: string; readonly properties: string; readonly message: string }[]
  /** Groups that are not closed, and a stop of commands that does not end. */
  readonly open: readonly string[]
}

/** The runner's own pattern, after white space: `::name properties::data`. */
const COMMAND = /^\s*::([\w-]+)(?: ([^:]*(?::(?!:)[^:]*)*))?::(.*)$/

export function readLog(log: string): JobLog {
  const groups: string[] = []
  const annotations: { kind: string; properties: string; message: string }[] = []
  const open: string[] = []
  let token: string | undefined
  for (const line of log.split('\n')) {
    const [, name = '', properties = '', value = ''] = COMMAND.exec(line) ?? []
    if (name === '' || (token !== undefined && name !== token)) continue
    if (name === token) token = undefined
    else if (name === 'stop-commands') token = value
    else if (name === 'group') open.push(value)
    else if (name === 'endgroup') groups.push(open.pop() ?? '')
    else annotations.push({ kind: name, properties, message: value })
  }
  return { log, groups, annotations, open: token === undefined ? open : [...open, 'stop-commands'] }
}
