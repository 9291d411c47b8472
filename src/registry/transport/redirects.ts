/** Follows redirects without forwarding credentials; undici itself does not follow them. */

import { discard, header, type Exchange, type HttpReply, type HttpRequest } from './http.ts'
import { targetOf, UntrustedReply } from './untrusted-address.ts'

const MAX_REDIRECTS = 5
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/**
 * Wraps `exchange` to follow redirects of GET and HEAD. `authorization` is dropped for good once a redirect leaves the origin. Other
 * methods return the redirect as a reply: their body was meant for the registry.
 * @throws UntrustedReply for an unacceptable redirect, or the sixth one
 */
export function followingRedirects(exchange: Exchange): Exchange {
  return async (request): Promise<HttpReply> => {
    let { url, headers }: Pick<HttpRequest, 'url' | 'headers'> = request
    for (let followed = 0; ; followed++) {
      const reply = await exchange({ ...request, url, headers })
      const location = header(reply, 'location')
      const follows = REDIRECTS.has(reply.status) && (request.method === 'GET' || request.method === 'HEAD')
      if (!follows || location === undefined) return reply
      await discard(reply)
      if (followed === MAX_REDIRECTS) throw new UntrustedReply(`the registry redirects more than ${MAX_REDIRECTS} times`)
      const target = targetOf(location, url, "the registry's redirect")
      if (target.origin !== url.origin) {
        const { authorization: _, ...rest } = headers
        headers = rest
      }
      url = target
    }
  }
}
