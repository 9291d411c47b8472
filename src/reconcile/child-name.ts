import { createHash } from 'node:crypto'

/** Longest name of a resource that other resources may have in a label. */
const LONGEST = 63
const HASH = 32

/**
 * Returns the name of a resource that belongs to another: `parent` and `suffix`, shortened with an MD5 hash as knative's kmeta/names.go.
 * Both are ASCII, as names of resources are.
 */
export function childName(parent: string, suffix: string): string {
  if (parent.length + suffix.length <= LONGEST) return parent + suffix
  const room = LONGEST - HASH - suffix.length
  if (room > 0) return parent.slice(0, room) + md5(parent) + suffix
  return (parent.slice(0, LONGEST - HASH) + md5(parent + suffix) + suffix).slice(0, LONGEST).replace(/[^a-zA-Z0-9]+$/, '')
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex')
}
