/** Compares an app on the host with its volume, to send only what differs. */

import { constants, gunzipSync, gzipSync } from 'node:zlib'
import { hasDirectoryStatus, latestTime, STATUS_BYTES } from '../../../archive/files/file-status.ts'
import { RACY_MS } from '../../../archive/files/stat-cache.ts'
import { countBytes } from '../../../base/spent-chunks.ts'
import { digestOf, hexOf } from '../../../oci/digest.ts'
import type { KnownApp } from '../model.ts'
import { MAX_APP_LISTING } from '../run/session/session-script.ts'

/** An app's files on the host and in the volume at a time when these were equal. */
export interface AppTree {
  /** The attributes of the volume's files (session-script.ts); their digest is KnownApp's `sent`. */
  readonly listing: Buffer
  /** The status of the host's files (project/app-status.ts); their digest is KnownApp's `status`. */
  readonly statuses: Buffer
}

/** Files to keep and to remove in a transfer. */
export interface AppDifference {
  readonly kept: KeptFiles
  /** Paths relative to the app, with one latin1 character for each byte. */
  readonly removed: readonly string[]
}

/** Files by their paths, relative to the app. */
export interface KeptFiles {
  readonly size: number
  /** Finds a file only if all calls have the order of a walk. */
  has(path: Buffer): boolean
}

const LENGTH_BYTES = 4

/** A list of the host's files has about the size of one of the volume's. */
const MAX_BYTES = 3 * MAX_APP_LISTING

/** Returns the tree as one compressed file: it is in memory until the end of the build. */
export function encodeTree({ listing, statuses }: AppTree): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32LE(listing.length)
  // Compressed one by one, because together they are a large copy.
  return Buffer.concat([length, listing, statuses].map((part) => gzipSync(part, { level: constants.Z_BEST_SPEED })))
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
    const found = gunzipSync(file, { maxOutputLength: MAX_BYTES })
    // The pieces of the result are garbage now.
    countBytes(found)
    return found
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
 * stay, and their attributes are sent. Creates no object for an unchanged file, because an app can have many.
 */
export function compareTrees(known: KnownApp, tree: AppTree, now: AppTree): AppDifference {
  const listedBefore = new PathCursor(tree.listing, inWalkOrder(tree.listing))
  const statusBefore = new PathCursor(tree.statuses, statusesOf(tree.statuses))
  const statusNow = new PathCursor(now.statuses, statusesOf(now.statuses))
  const kept: number[] = []
  const removed: string[] = []
  for (const at of inWalkOrder(now.listing)) {
    const status = statusNow.find(now.listing, at)
    const isDirectory = now.listing[attributesAt(now.listing, at)] === DIRECTORY_TYPE
    if (isDirectory && status >= 0 && hasDirectoryStatus(statusAt(now.statuses, status))) continue
    const listed = listedBefore.find(now.listing, at)
    const isListed = listed >= 0 && areEqual(tree.listing, listed, now.listing, at)
    if (isListed && status >= 0 && isUnchanged(statusBefore.find(now.listing, at), status)) kept.push(status)
    else removed.push(now.listing.toString('latin1', at, now.listing.indexOf(0, at)))
  }
  return { kept: keptFiles(now.statuses, kept), removed }

  function isUnchanged(before: number, status: number): boolean {
    if (before < 0) return false
    const its = statusAt(now.statuses, status)
    return its.equals(statusAt(tree.statuses, before)) && latestTime(its) + RACY_MS <= known.time
  }
}

/** @param paths their positions in `statuses` */
function keptFiles(statuses: Buffer, paths: readonly number[]): KeptFiles {
  const cursor = new PathCursor(statuses, paths)
  return { size: paths.length, has: (path) => cursor.find(path, 0) >= 0 }
}

/** Whether a listing has this number of files, and only these directories. The app's directory has the path ''. */
export function hasTree(listing: Buffer, count: number, directories: ReadonlySet<string>): boolean {
  let found = 1
  for (const at of listedFiles(listing)) {
    const attributes = attributesAt(listing, at)
    if (listing[attributes] === DIRECTORY_TYPE && !directories.has(listing.toString('latin1', at, attributes - 1))) return false
    found++
  }
  return found === count
}

const DIRECTORY_TYPE = 'd'.charCodeAt(0)

/** Yields the positions of the paths in a listing; its first field is the mode of the app's directory. */
function* listedFiles(listing: Buffer): Generator<number> {
  for (let at = listing.indexOf(0) + 1; at > 0 && at < listing.length; ) {
    const attributes = attributesAt(listing, at)
    const end = listing.indexOf(0, attributes)
    // The script ends a list with random text if it cannot read a file.
    if (attributes === 0 || end < 0) return
    yield at
    at = end + 1
  }
}

function inWalkOrder(listing: Buffer): number[] {
  return [...listedFiles(listing)].sort((a, b) => comparePaths(listing, a, listing, b))
}

/** Returns the position behind a path. */
function attributesAt(listing: Buffer, path: number): number {
  return listing.indexOf(0, path) + 1
}

/** Whether two files of listings with the same path have the same attributes. With the NUL: otherwise attributes could be the start of others. */
function areEqual(one: Buffer, path: number, other: Buffer, otherPath: number): boolean {
  const [from, otherFrom] = [attributesAt(one, path), attributesAt(other, otherPath)]
  const end = one.indexOf(0, from) + 1
  // An end behind the other listing would be an error.
  return one.compare(other, otherFrom, Math.min(otherFrom + end - from, other.length), from, end) === 0
}

/** Yields the positions of the paths, which have the order of a walk. */
function* statusesOf(statuses: Buffer): Generator<number> {
  for (let at = 0; at < statuses.length; ) {
    const end = statuses.indexOf(0, at) + 1
    if (end === 0) return
    yield at
    at = end + STATUS_BYTES
  }
}

function statusAt(statuses: Buffer, path: number): Buffer {
  const start = statuses.indexOf(0, path) + 1
  return statuses.subarray(start, start + STATUS_BYTES)
}

/** A position in paths with the order of a walk. */
class PathCursor {
  readonly #bytes: Buffer
  readonly #paths: Iterator<number>
  #at: IteratorResult<number>

  /** @param paths positions in `bytes` */
  constructor(bytes: Buffer, paths: Iterable<number>) {
    this.#bytes = bytes
    this.#paths = paths[Symbol.iterator]()
    this.#at = this.#paths.next()
  }

  /** Returns the position of the path that is at `at` of `other`, and not before the last one; -1 if it is not there. */
  find(other: Buffer, at: number): number {
    for (; !this.#at.done; this.#at = this.#paths.next()) {
      const order = comparePaths(this.#bytes, this.#at.value, other, at)
      if (order >= 0) return order === 0 ? this.#at.value : -1
    }
    return -1
  }
}

const SLASH = 0x2f

/** Compares two paths in the order of a walk (layers/walk-order.ts), each up to a NUL or the end of its bytes. */
function comparePaths(one: Buffer, at: number, other: Buffer, otherAt: number): number {
  for (let index = 0; ; index++) {
    const x = one[at + index] ?? 0
    const y = other[otherAt + index] ?? 0
    if (x !== y) return rank(x) - rank(y)
    if (x === 0) return 0
  }
}

function rank(byte: number): number {
  return byte === 0 ? -1 : byte === SLASH ? 0 : byte
}
