/** Parses `NO_PROXY` by Go's rules (golang.org/x/net/http/httpproxy), as in pack, Docker and Podman. */

import { BlockList, isIP } from 'node:net'
import { domainToASCII } from 'node:url'

/** An entry of the list. `host` is a name in lower case or an address without brackets. */
type Matcher = (host: string, port: string) => boolean

/**
 * Parses a list of hosts to reach without a proxy: `*`, addresses, networks (`10.0.0.0/8`), and domains, which include their subdomains;
 * a domain with a leading `.` or `*.` means its subdomains only. All but networks may end in `:port`. Commas separate entries.
 * @returns whether the host and port of a URL are in the list; localhost and loopback addresses always are
 */
export function readNoProxy(list: string): (url: URL) => boolean {
  const matchers = `127.0.0.0/8,::1,${list}`.split(',').flatMap((entry) => readEntry(entry.trim().toLowerCase()) ?? [])
  return ({ hostname, port, protocol }) => {
    const host = hostname.replace(/^\[|\]$/g, '')
    return host === 'localhost' || matchers.some((matches) => matches(host, port || (protocol === 'https:' ? '443' : '80')))
  }
}

function readEntry(entry: string): Matcher | undefined {
  if (entry === '*') return () => true
  const network = readNetwork(entry)
  if (network) return network
  const { host, port } = splitHostPort(entry) ?? { host: entry, port: '' }
  if (host === '') return undefined
  const isPort = (actual: string): boolean => port === '' || port === actual
  const address = readNetwork(`${host}/${isIP(host) === 4 ? 32 : 128}`)
  if (address) return (actual, on) => isPort(on) && address(actual, on)
  const domain = toAscii(host.replace(/^\*\./, '.'))
  const suffix = domain.startsWith('.') ? domain : `.${domain}`
  return (actual, on) => isPort(on) && isIP(actual) === 0 && (actual === domain || actual.endsWith(suffix))
}

/** Matches the addresses of a CIDR network; an IPv4 address also in its IPv6 form (`::ffff:10.0.0.1`). */
function readNetwork(text: string): Matcher | undefined {
  const [, written = '', digits] = /^([^/%]+)\/(\d+)$/.exec(text) ?? []
  const address = readAddress(written)
  const prefix = address?.isMapped ? Number(digits) - 96 : Number(digits)
  if (!address || prefix < 0 || prefix > address.bits) return undefined
  const network = new BlockList()
  network.addSubnet(address.text, prefix, address.family)
  return (host) => {
    const found = readAddress(host)
    return found?.family === address.family && network.check(found.text, found.family)
  }
}

function readAddress(text: string): { text: string; family: 'ipv4' | 'ipv6'; bits: number; isMapped: boolean } | undefined {
  if (isIP(text) === 0) return undefined
  if (isIP(text) === 4) return { text, family: 'ipv4', bits: 32, isMapped: false }
  const shortest = new URL(`http://[${text}]`).hostname.slice(1, -1)
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(shortest) ?? []
  if (high === undefined || low === undefined) return { text, family: 'ipv6', bits: 128, isMapped: false }
  const bytes = [high, low].flatMap((part) => [parseInt(part, 16) >> 8, parseInt(part, 16) & 255])
  return { text: bytes.join('.'), family: 'ipv4', bits: 32, isMapped: true }
}

/** Go's net.SplitHostPort; undefined if that fails. */
function splitHostPort(text: string): { host: string; port: string } | undefined {
  const [found, bracketed, plain = '', port = ''] = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(text) ?? []
  return found === undefined ? undefined : { host: bracketed ?? plain, port }
}

/** Returns a name in its URL form; unchanged if it is not a valid name. */
function toAscii(host: string): string {
  const [, dot = '', name = ''] = /^(\.?)(.*)$/s.exec(host) ?? []
  return /^\p{ASCII}*$/u.test(name) ? host : `${dot}${domainToASCII(name) || name}`
}
