/** Follows redirects without forwarding credentials; undici itself does not follow them. */

import { discard, header, type Exchange, type HttpReply, type HttpRequest } from './http.ts'
import { targetOf, UntrustedReply } from './untrusted-address.ts'

const REDIRECTS = new Set([301, 302, 303, 307, 308])

export interface RedirectRules {
  readonly max: number
  /** The sender of a redirect, for messages: `the registry`. */
  readonly sender: string
  /** Returns why a redirect is not followed; undefined if it is. */
  readonly refuse?: (from: URL, to: URL) => string | undefined
}

const OF_REGISTRIES: RedirectRules = { max: 5, sender: 'the registry' }

/**
 * Wraps `exchange` to follow redirects of GET and HEAD. `authorization` is dropped for good once a redirect leaves the origin. Other
 * methods return the redirect as a reply: their body was meant for the registry.
 * @throws UntrustedReply for an unacceptable redirect, or more than `max`
 */
export function followingRedirects(exchange: Exchange, { max, sender, refuse }: RedirectRules = OF_REGISTRIES): Exchange {
  return async (request): Promise<HttpReply> => {
    let { url, headers }: Pick<HttpRequest, 'url' | 'headers'> = request
    for (let followed = 0; ; followed++) {
      const reply = await exchange({ ...request, url, headers })
      const location = header(reply, 'location')
      const follows = REDIRECTS.has(reply.status) && (request.method === 'GET' || request.method === 'HEAD')
      if (!follows || location === undefined) return reply
      await discard(reply)
      if (followed === max) throw new UntrustedReply(`${sender} redirects more than ${max} times`)
      const target = targetOf(location, url, `${sender}'s redirect`)
      const why = refuse?.(url, target)
      if (why !== undefined) throw new UntrustedReply(`${sender}'s redirect ${why}`)
      if (target.origin !== url.origin) {
        const { authorization: _, ...rest } = headers
        headers = rest
      }
      url = target
    }
  }
}
