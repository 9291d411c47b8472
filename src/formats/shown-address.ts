/** Addresses in messages: user, password and query may be secrets. */

/** Returns the address without user, password and query; of text that is not a URL, without the part before `@`. */
export function shownAddress(address: string): string {
  if (!URL.canParse(address)) return address.replace(/\/\/[^/]*@/, '//')
  const url = new URL(address)
  return `${url.protocol}//${url.host}${url.pathname}`
}
