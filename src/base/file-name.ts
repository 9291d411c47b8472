/** Validation of external names that become file names. */

/** Linux's NAME_MAX. */
const MAX_NAME_BYTES = 255

/** Whether `name` is safe as the name of a single file or directory: not empty, `.` or `..`, no separator or control character. */
export function isFileName(name: string): boolean {
  return !/^\.{0,2}$/.test(name) && !/[/\p{Cc}\p{Surrogate}]/u.test(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES
}
