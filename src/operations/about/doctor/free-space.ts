/** Free space of file systems. */

import type { StatsFs } from 'node:fs'
import type { Finding } from './check.ts'

/** Bytes below which space is a warning, and below which it is a problem. */
export interface SpaceLimits {
  readonly low: number
  readonly full?: number
}

const MB = 1000 ** 2
const GB = 1000 ** 3

/** Returns the bytes that a user without privileges can write. */
export function freeSpace({ bavail, bsize }: Pick<StatsFs, 'bavail' | 'bsize'>): number {
  return bavail * bsize
}

/** Returns the finding for a directory on a disk with `free` bytes. @param fix the remedy if they are few */
export function describeSpace(directory: string, free: number, { low, full = 0 }: SpaceLimits, fix: string): Finding {
  const found = `${free < GB ? `${Math.round(free / MB)} MB` : `${(free / GB).toFixed(1)} GB`} free in ${directory}`
  return free >= low ? { status: 'ok', found } : { status: free < full ? 'problem' : 'warning', found, fix }
}
