/** Who made a container or volume: the value of the label OWNER_LABEL, and whether that process still runs. */

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** A process of one machine; `startTime` tells it from a later one that got the same id. */
export interface Owner {
  readonly hostname: string
  readonly pid: number
  readonly startTime: string
}

/** `<hostname>:<pid>:<start time>`. */
export function ownerLabel({ hostname, pid, startTime }: Owner): string {
  return `${hostname}:${pid}:${startTime}`
}

/** Reads a label's value; undefined for what `ownerLabel` did not write. */
export function parseOwner(label: string): Owner | undefined {
  const [, hostname, pid, startTime] = /^([^:]+):([1-9]\d{0,9}):(\S*)$/.exec(label) ?? []
  if (hostname === undefined || pid === undefined || startTime === undefined) return undefined
  return { hostname, pid: Number(pid), startTime }
}

/**
 * When the process `pid` of this machine began, in a form that only compares; undefined when there is none. Linux: field 22
 * of /proc/<pid>/stat (proc(5)), counted after the name, which may hold spaces and brackets; elsewhere what `ps` says.
 */
export async function processStartTime(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    // No such process, or a system without /proc: ps tells the two apart.
  }
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], { env: { LC_ALL: 'C' } })
    return stdout.trim().replace(/\s+/g, '-').replaceAll(':', '.') || undefined
  } catch {
    return undefined
  }
}
