/**
 * Who made a container or volume: the value of the label OWNER_LABEL, and whether that process has ended. An engine may serve
 * several machines, and several PID namespaces of one machine, all of which can have one host name: only what is certain counts.
 */

import { execFile } from 'node:child_process'
import { readFile, readlink } from 'node:fs/promises'
import { platform } from 'node:os'
import { promisify } from 'node:util'

/** A process of one machine; `startTime` tells it from a later one that got the same id. */
export interface ResourceOwner {
  /** For people: it decides nothing. */
  readonly hostname: string
  /** As `processSpace` gives it. */
  readonly space: string
  readonly pid: number
  readonly startTime: string
}

/** `<hostname>:<space>:<pid>:<start time>`. */
export function ownerLabel({ hostname, space, pid, startTime }: ResourceOwner): string {
  return `${hostname}:${space}:${pid}:${startTime}`
}

/** Reads a label's value; undefined for what `ownerLabel` did not write. */
export function parseOwner(label: string): ResourceOwner | undefined {
  const [, hostname, space, pid, startTime] = /^([^:]+):([^:]*):([1-9]\d{0,9}):([^:\s]*)$/.exec(label) ?? []
  if (hostname === undefined || space === undefined || pid === undefined || startTime === undefined) return undefined
  return { hostname, space, pid: Number(pid), startTime }
}

/** The process that runs now, as an owner; with an empty space or start time where the system does not tell. */
export async function currentOwner(hostname: string, pid: number): Promise<ResourceOwner> {
  const [space, startTime] = await Promise.all([processSpace(pid), processStartTime(pid)])
  return { hostname, space, pid, startTime: startTime ?? '' }
}

/**
 * Within which a process id and a start time mean one process: this boot of this machine, and this PID and time namespace of
 * it. Empty where the system does not tell, or /proc is another namespace's.
 * @param pid this process's
 */
async function processSpace(pid: number): Promise<string> {
  try {
    if (platform() === 'darwin') return (await execute('sysctl', ['-n', 'kern.bootsessionuuid'])).trim()
    const [self, boot, pids, times] = await Promise.all([
      readlink('/proc/self'),
      readFile('/proc/sys/kernel/random/boot_id', 'latin1'),
      readlink('/proc/self/ns/pid'),
      // Kernels before 5.6 have none.
      readlink('/proc/self/ns/time').catch(() => ''),
    ])
    return self === String(pid) ? [boot.trim(), ...[pids, times].map((name) => name.replace(/\D/g, ''))].join('/') : ''
  } catch {
    return ''
  }
}

/**
 * When the process `pid` began, in a form that only compares; undefined when there is none, or none that this user may see, and
 * empty for one that has ended and that its parent does not wait for. Linux: field 22 of /proc/<pid>/stat (proc(5)), counted
 * after the name, which may hold spaces and brackets; elsewhere what `ps` says.
 */
async function processStartTime(pid: number): Promise<string | undefined> {
  try {
    if (platform() !== 'linux') return (await execute('ps', ['-o', 'lstart=', '-p', String(pid)])).trim().replace(/\s+/g, '-').replaceAll(':', '.') || undefined
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return /[ZX]/i.test(state) ? '' : fields[18]
  } catch {
    return undefined
  }
}

async function execute(program: string, args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(program, args, { env: { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } })).stdout
}

/**
 * Whether a process of this space has ended for certain.
 * @param exists whether there is a process of that id, by kill(2), from which a mount option of /proc (hidepid) hides none
 */
export async function hasEnded({ pid, startTime }: ResourceOwner, exists: (pid: number) => boolean): Promise<boolean> {
  if (startTime === '') return false
  if (!exists(pid)) return true
  const found = await processStartTime(pid)
  return found !== undefined && found !== startTime
}
