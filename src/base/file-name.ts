/** Names that others choose and that become paths. */

/** Linux has no longer ones. */
const MAX_NAME_BYTES = 255

/** Whether `name` can be one file's or directory's name and no other. */
export function isFileName(name: string): boolean {
  return !/^\.{0,2}$/.test(name) && !/[/\p{Cc}\p{Surrogate}]/u.test(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES
}
