/** Authorization of an in-memory registry: Basic, or Bearer with a token server at /token. */

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

export interface MemoryAuthOptions {
  scheme: 'basic' | 'bearer'
  username: string
  password: string
  /** Accepted by the token server in place of user and password. */
  identityToken?: string
  /** The lifetime in seconds that tokens declare. */
  life?: number
  /** Whether pulling needs no credentials. */
  anonymous?: boolean
  /** The realm of the challenge; default: the registry itself. */
  realm?: string
}

export interface Denial {
  status: number
  code: string
  message: string
  headers: Record<string, string>
}

export class MemoryAuth {
  readonly options: MemoryAuthOptions
  /** The scopes of each token: `repository:team/app:pull`. */
  readonly tokens = new Map<string, Set<string>>()
  /** The scopes of the token requests in order, one string for each. */
  readonly asked: string[] = []

  constructor(options: MemoryAuthOptions) {
    this.options = options
  }

  /** Returns why a request is rejected; undefined if it is allowed. */
  check(request: IncomingMessage, url: URL, address: string): Denial | undefined {
    const { scheme, realm = `http://${address}/token` } = this.options
    const { authorization } = request.headers
    const deny = (challenge: string): Denial => ({ status: 401, code: 'UNAUTHORIZED', message: 'authentication required', headers: { 'www-authenticate': challenge } })
    if (scheme === 'basic') return authorization === this.#basic() ? undefined : deny('Basic realm="memory"')
    const needed = neededFor(request, url)
    const challenge = `Bearer realm="${realm}",service="memory"${needed.length > 0 ? `,scope="${needed.join(' ')}"` : ''}`
    const allowed = this.tokens.get(authorization?.replace(/^Bearer /, '') ?? '')
    return allowed && needed.every((action) => allowed.has(action)) ? undefined : deny(challenge)
  }

  async serveToken(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const form = request.method === 'POST' ? new URLSearchParams(await text(request)) : url.searchParams
    const { authorization } = request.headers
    const known = authorization === this.#basic() || (form.has('refresh_token') && form.get('refresh_token') === this.options.identityToken)
    if (!known && (authorization !== undefined || request.method === 'POST' || !this.options.anonymous)) {
      response.writeHead(401).end(JSON.stringify({ details: 'incorrect username or password' }))
      return
    }
    const scopes = form.getAll('scope').flatMap((scope) => scope.split(' '))
    this.asked.push(scopes.join(' '))
    const actions = scopes.flatMap((scope) => {
      const [, resource, list = ''] = /^(.*):(.*)$/.exec(scope) ?? []
      return list.split(',').map((action) => `${resource}:${action}`)
    })
    const token = randomUUID()
    this.tokens.set(token, new Set(known ? actions : actions.filter((action) => action.endsWith(':pull'))))
    response.writeHead(200).end(JSON.stringify({ [request.method === 'POST' ? 'access_token' : 'token']: token, expires_in: this.options.life }))
  }

  #basic(): string {
    const { username, password } = this.options
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  }
}

function neededFor(request: IncomingMessage, url: URL): string[] {
  const name = /^\/v2\/(.+?)\/(?:manifests|blobs|tags|referrers)\//.exec(url.pathname)?.[1]
  if (name === undefined) return []
  const action = request.method === 'GET' || request.method === 'HEAD' ? 'pull' : request.method === 'DELETE' && !url.pathname.includes('/uploads/') ? 'delete' : 'push'
  const from = url.searchParams.get('from')
  return [`repository:${name}:${action}`, ...(from === null ? [] : [`repository:${from}:pull`])]
}
