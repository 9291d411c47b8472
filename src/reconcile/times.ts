/** Times as kpack prints them; always in UTC: the time zone of the machine has no effect. */

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Formats a time as Go's RFC1123Z: `Mon, 02 Jan 2006 15:04:05 +0000`. */
export function rfc1123(time: Date): string {
  const day = String(time.getUTCDate()).padStart(2, '0')
  return `${DAYS[time.getUTCDay()]}, ${day} ${MONTHS[time.getUTCMonth()]} ${time.getUTCFullYear()} ${time.toISOString().slice(11, 19)} +0000`
}

/** Formats the time in a tag: `20060102.150405`. */
export function tagTime(time: Date): string {
  return time.toISOString().slice(0, 19).replace('T', '.').replace(/[-:]/g, '')
}

/** Formats the time of a condition: RFC 3339 in whole seconds. */
export function rfc3339(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`
}
