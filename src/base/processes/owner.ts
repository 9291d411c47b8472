/**
 * The process that created a container or volume or that holds a lock, and whether it has ended.
 *
 * An engine or a directory may serve several machines, and several PID namespaces of one machine, possibly with equal host names: only
 * certain knowledge counts.
 */

import { readFile, readlink } from 'node:fs/promises'
import { getPriority, hostname, platform } from 'node:os'
import { promisify } from 'node:util'

/** A process of one machine; `startTime` distinguishes it from a later one with the same ID. */
export interface ResourceOwner {
  /** For display only. */
  readonly hostname: string
  /** The result of `processSpace`. */
  readonly space: string
  readonly pid: number
  readonly startTime: string
}

/** `<hostname>:<space>:<pid>:<start time>`. */
export function ownerLabel({ hostname, space, pid, startTime }: ResourceOwner): string {
  return `${hostname}:${space}:${pid}:${startTime}`
}

/** Parses a label's value; undefined if `ownerLabel` did not write it. */
export function parseOwner(label: string): ResourceOwner | undefined {
  const [, hostname, space, pid, startTime] = /^([^:]+):([^:]*):([1-9]\d{0,9}):([^:\s]*)$/.exec(label) ?? []
  if (hostname === undefined || space === undefined || pid === undefined || startTime === undefined) return undefined
  return { hostname, space, pid: Number(pid), startTime }
}

let own: Promise<ResourceOwner> | undefined

/** Returns this process as an owner, which is read from the system once. */
export function ownProcess(): Promise<ResourceOwner> {
  return (own ??= currentOwner(hostname(), process.pid))
}

/** Returns a process as an owner, with an empty space or start time if the system does not provide it. */
export async function currentOwner(hostname: string, pid: number): Promise<ResourceOwner> {
  const [space, startTime] = await Promise.all([processSpace(pid), processStartTime(pid)])
  return { hostname, space, pid, startTime: startTime ?? '' }
}

/**
 * Returns the space in which a process ID and a start time identify a process: this boot of this machine, with its PID and time
 * namespaces. Empty if the system does not provide it, or /proc belongs to another namespace.
 * @param pid the ID of this process
 */
async function processSpace(pid: number): Promise<string> {
  try {
    if (platform() === 'darwin') return (await execute('sysctl', ['-n', 'kern.bootsessionuuid'])).trim()
    const [self, boot, pids, times] = await Promise.all([
      readlink('/proc/self'),
      readFile('/proc/sys/kernel/random/boot_id', 'latin1'),
      readlink('/proc/self/ns/pid'),
      // Kernels before 5.6 have no time namespaces.
      readlink('/proc/self/ns/time').catch(() => ''),
    ])
    return self === String(pid) ? [boot.trim(), ...[pids, times].map((name) => name.replace(/\D/g, ''))].join('/') : ''
  } catch {
    return ''
  }
}

/**
 * Returns the start time of process `pid`, for comparison only; undefined if the process does not exist or is hidden from this user,
 * and empty for a zombie. Linux: field 22 of /proc/<pid>/stat (proc(5)), counted after the name, which may contain spaces and brackets;
 * elsewhere the output of `ps`.
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
  const { execFile } = await import('node:child_process')
  return (await promisify(execFile)(program, args, { env: { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } })).stdout
}

/**
 * Whether a process of this space has certainly ended.
 * @param exists whether a process with that ID exists, by kill(2), which /proc's mount option hidepid does not affect
 */
export async function hasEnded({ pid, startTime }: ResourceOwner, exists: (pid: number) => boolean = processExists): Promise<boolean> {
  if (startTime === '') return false
  if (!exists(pid)) return true
  const found = await processStartTime(pid)
  return found !== undefined && found !== startTime
}

/** Returns whether a process with this id exists, by getpriority(2), which the mount option hidepid of /proc does not restrict. */
export function processExists(pid: number): boolean {
  try {
    getPriority(pid)
    return true
  } catch (error) {
    return (error as { info?: { code?: string } }).info?.code !== 'ESRCH'
  }
}
