/** Compares an app on the host with its volume, to send only what differs. */

import { constants, gunzipSync, gzipSync } from 'node:zlib'
import { hasDirectoryStatus, latestTime, STATUS_BYTES } from '../../../archive/files/file-status.ts'
import { RACY_MS } from '../../../archive/files/stat-cache.ts'
import { digestOf, hexOf } from '../../../oci/digest.ts'
import { compareInWalk } from '../layers/walk-order.ts'
import type { KnownApp } from '../model.ts'
import { MAX_APP_LISTING } from '../run/session-script.ts'

/** An app's files on the host and in the volume at a time when these were equal. */
export interface AppTree {
  /** The attributes of the volume's files (session-script.ts); their digest is KnownApp's `sent`. */
  readonly listing: Buffer
  /** The status of the host's files (project/app-status.ts); their digest is KnownApp's `status`. */
  readonly statuses: Buffer
}

/** Files to keep and to remove in a transfer. Paths are relative to the app, with one latin1 character for each byte. */
export interface AppDifference {
  readonly kept: ReadonlySet<string>
  readonly removed: readonly string[]
}

const LENGTH_BYTES = 4

/** A list of the host's files has about the size of one of the volume's. */
const MAX_BYTES = 3 * MAX_APP_LISTING

/** Returns the tree as one compressed file: it is in memory until the end of the build. */
export function encodeTree({ listing, statuses }: AppTree): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32LE(listing.length)
  return gzipSync(Buffer.concat([length, listing, statuses]), { level: constants.Z_BEST_SPEED })
}

/** Reads the output of encodeTree. Returns undefined if it is not the tree of `known`. */
export function decodeTree(encoded: Buffer, known: KnownApp): AppTree | undefined {
  const file = decompressed(encoded)
  if (!file || file.length < LENGTH_BYTES) return undefined
  const end = LENGTH_BYTES + file.readUInt32LE()
  const [listing, statuses] = [file.subarray(LENGTH_BYTES, end), file.subarray(end)]
  return hashOf(listing) === known.sent && hashOf(statuses) === known.status ? { listing, statuses } : undefined
}

function decompressed(file: Buffer): Buffer | undefined {
  try {
    return gunzipSync(file, { maxOutputLength: MAX_BYTES })
  } catch {
    return undefined
  }
}

/** Returns the looks of a listing, as the script computes them. */
export function hashOf(content: Buffer): string {
  return hexOf(digestOf(content))
}

/**
 * Compares the files that the volume and the host have now with those that they had. A file is kept if neither changed. Directories
 * stay, and their attributes are sent.
 */
export function compareTrees(known: KnownApp, tree: AppTree, now: AppTree): AppDifference {
  const { unchanged, directories } = compareStatuses(tree.statuses, now.statuses, known.time)
  const before = new Map<string, number>()
  for (const { path, start } of listedFiles(tree.listing)) if (unchanged.has(path)) before.set(path, start)
  const kept = new Set<string>()
  const removed: string[] = []
  for (const { path, start, end, isDirectory } of listedFiles(now.listing)) {
    if (isDirectory && directories.has(path)) continue
    const at = before.get(path)
    // With the NUL: otherwise attributes could be the start of others.
    if (at !== undefined && now.listing.compare(tree.listing, at, at + end + 1 - start, start, end + 1) === 0) kept.add(path)
    else removed.push(path)
  }
  return { kept, removed }
}

/** Whether a listing has this number of files, and only these directories. The app's directory has the path ''. */
export function hasTree(listing: Buffer, count: number, directories: ReadonlySet<string>): boolean {
  let found = 1
  for (const { path, isDirectory } of listedFiles(listing)) {
    if (isDirectory && !directories.has(path)) return false
    found++
  }
  return found === count
}

/** An entry of a listing, and the position of its attributes. */
interface ListedFile {
  readonly path: string
  readonly isDirectory: boolean
  readonly start: number
  readonly end: number
}

const DIRECTORY_TYPE = 'd'.charCodeAt(0)

/** The first field of a listing is the mode of the app's directory. */
function* listedFiles(listing: Buffer): Generator<ListedFile> {
  for (let at = listing.indexOf(0) + 1; at > 0 && at < listing.length; ) {
    const start = listing.indexOf(0, at) + 1
    const end = listing.indexOf(0, start)
    if (start === 0 || end < 0) return
    yield { path: listing.toString('latin1', at, start - 1), isDirectory: listing[start] === DIRECTORY_TYPE, start, end }
    at = end + 1
  }
}

/** Returns the paths with the same status, and all directories. Both lists have the order of a walk. */
function compareStatuses(before: Buffer, now: Buffer, time: number): { unchanged: Set<string>; directories: Set<string> } {
  const unchanged = new Set<string>()
  const directories = new Set<string>()
  const old = statusesOf(before)
  let last = old.next()
  for (const { path, status } of statusesOf(now)) {
    while (!last.done && compareInWalk(last.value.path, path) < 0) last = old.next()
    if (hasDirectoryStatus(status)) directories.add(path.toString('latin1'))
    const isSame = !last.done && last.value.path.equals(path) && last.value.status.equals(status)
    if (isSame && latestTime(status) + RACY_MS <= time) unchanged.add(path.toString('latin1'))
  }
  return { unchanged, directories }
}

function* statusesOf(statuses: Buffer): Generator<{ readonly path: Buffer; readonly status: Buffer }> {
  for (let at = 0; at < statuses.length; ) {
    const end = statuses.indexOf(0, at) + 1
    if (end === 0) return
    yield { path: statuses.subarray(at, end - 1), status: statuses.subarray(end, end + STATUS_BYTES) }
    at = end + STATUS_BYTES
  }
}
