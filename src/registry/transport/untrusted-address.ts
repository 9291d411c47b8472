/** Validates addresses in `Location`, `Link` and token realms, which an attacker may have written. */

import { BlockList, isIP } from 'node:net'

/** An unacceptable reply of a registry. The message contains only the host of an address. */
export class UntrustedReply extends Error {}

const PRIVATE = blockList(
  [['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.168.0.0', 16]],
  [['::', 127], ['fc00::', 7], ['fe80::', 10]],
)
const LOOPBACK = blockList([['127.0.0.0', 8]], [['::1', 128]])

type Subnet = readonly [network: string, prefix: number]

function blockList(ipv4: readonly Subnet[], ipv6: readonly Subnet[]): BlockList {
  const list = new BlockList()
  for (const [network, prefix] of ipv4) list.addSubnet(network, prefix, 'ipv4')
  for (const [network, prefix] of ipv6) list.addSubnet(network, prefix, 'ipv6')
  return list
}

/** Whether a URL's host is the name of this machine. */
export function isLoopback({ hostname }: URL): boolean {
  return isLocalName(hostname) || isIn(LOOPBACK, hostname)
}

/** Whether a URL's host is an address of this machine or a private network, without a DNS lookup. */
function isPrivate({ hostname }: URL): boolean {
  return isLocalName(hostname) || isIn(PRIVATE, hostname)
}

function isLocalName(hostname: string): boolean {
  return /^(.*\.)?localhost\.?$/.test(hostname)
}

function isIn(list: BlockList, hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '')
  const family = isIP(address)
  // BlockList also checks IPv4-mapped addresses such as ::ffff:127.0.0.1.
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

/**
 * Resolves `location` in a reply from `from` to an absolute URL.
 * @param what source of the address, for messages: `the registry's redirect`
 * @throws UntrustedReply if it is not a URL, leads from https to http, or from a public host to a private address
 */
export function targetOf(location: string, from: URL, what: string): URL {
  let target: URL
  try {
    target = new URL(location, from)
  } catch {
    throw new UntrustedReply(`${what} is not a URL`)
  }
  if (target.protocol !== 'https:' && target.protocol !== 'http:') throw new UntrustedReply(`${what} is not an HTTP address`)
  if (target.protocol === 'http:' && from.protocol === 'https:') {
    throw new UntrustedReply(`${what} leads from https to http, to ${target.host}`)
  }
  if (target.host !== from.host && isPrivate(target) && !isPrivate(from)) {
    throw new UntrustedReply(`${what} leads to ${target.host}, which is a private address`)
  }
  // A user and password there are never sent, but could be printed.
  target.username = ''
  target.password = ''
  return target
}
