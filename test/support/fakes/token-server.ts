/** The token server of a registry (distribution, docs "Token Authentication"). */

import { X509Certificate, createPrivateKey, randomUUID, sign } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Certificate } from '../registry/certificate.ts'
import { listen } from '../registry/listen.ts'

type Action = 'pull' | 'push' | 'delete' | '*'

/** The allowed actions by repository; `*` applies to all others. */
type Grants = Readonly<Record<string, readonly Action[]>>

interface User {
  readonly password: string
  /** The identity token that `docker login` stores in place of a password; accepted as a refresh token. */
  readonly identityToken?: string
  readonly repositories: Grants
}

export interface TokenServerOptions {
  /** Signs the tokens; the registry trusts its certificate. */
  readonly certificate: Certificate
  readonly users?: Readonly<Record<string, User>>
  /** Allowed without credentials and for all users; default: nothing. */
  readonly anonymous?: Grants
  /** The lifetime of tokens in seconds; default: 300. Registries accept tokens until a minute after that. */
  readonly expiresIn?: number
  /** Whether the server uses TLS, with the same certificate. */
  readonly tls?: boolean
}

/** A token request and its result. */
interface TokenRequest {
  readonly method: string
  /** Undefined without credentials or for unknown ones. */
  readonly user: string | undefined
  /** `basic`, a POST's `grant_type`, or `anonymous`. */
  readonly grant: string
  /** The requested scopes: `repository:team/app:pull,push`. */
  readonly scopes: readonly string[]
  readonly status: number
}

interface Access {
  readonly type: string
  readonly name: string
  readonly actions: readonly string[]
}

export interface TokenServer extends AsyncDisposable {
  readonly address: string
  /** The realm and service of challenges. */
  readonly realm: string
  readonly service: string
  readonly issuer: string
  readonly certificate: Certificate
  /** All requests so far. */
  readonly requests: TokenRequest[]
  /** Sets the lifetime of new tokens in seconds. */
  expiresIn: number
  /** Returns a token without a request. */
  issue(access: readonly Access[], user?: string): string
}

interface Asked {
  readonly grant: string
  readonly user: string | undefined
  readonly known: boolean
  readonly offline: boolean
  readonly scopes: readonly string[]
}

/** Replies to GET have `token`, replies to POST `access_token`; clients must accept both. */
export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const { certificate, users = {}, anonymous = {} } = options
  const [service, issuer] = ['cnb-test-registry', 'cnb-test-issuer']
  const requests: TokenRequest[] = []
  const key = createPrivateKey(certificate.key)
  const x5c = [new X509Certificate(certificate.cert).raw.toString('base64')]

  const issue = (access: readonly Access[], user = ''): string => {
    const now = Math.floor(Date.now() / 1000)
    const times = { exp: now + tokenServer.expiresIn, nbf: now - 3600, iat: now }
    const claims = { iss: issuer, sub: user, aud: service, ...times, jti: randomUUID(), access }
    const signed = [{ typ: 'JWT', alg: 'ES256', x5c }, claims].map((part) => base64url(JSON.stringify(part))).join('.')
    return `${signed}.${base64url(sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }))}`
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const asked = request.method === 'POST' ? readPost(new URLSearchParams(await text(request)), users) : readGet(request, users)
    const { grant, user, known, scopes } = asked
    const status = known ? 200 : 401
    requests.push({ method: request.method ?? '', user, grant, scopes, status })
    const json = (body: unknown): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (!known) return json({ errors: [{ code: 'UNAUTHORIZED', message: 'incorrect username or password' }] })
    const account = user === undefined ? undefined : users[user]
    const access = scopes.flatMap((scope) => granted(scope, [anonymous, account?.repositories ?? {}]))
    const token = issue(access, user)
    const refresh = asked.offline && account?.identityToken !== undefined ? { refresh_token: account.identityToken } : {}
    const { expiresIn } = tokenServer
    json({ [grant === 'basic' || grant === 'anonymous' ? 'token' : 'access_token']: token, expires_in: Math.max(expiresIn, 0), ...refresh })
  }

  const listening = await listen((request, response) => void answer(request, response), options.tls ? certificate : undefined)
  const tokenServer: TokenServer = {
    address: listening.address,
    realm: `${listening.origin}/token`,
    service,
    issuer,
    certificate,
    requests,
    expiresIn: options.expiresIn ?? 300,
    issue,
    [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
  }
  return tokenServer
}

const base64url = (content: string | Buffer): string => Buffer.from(content).toString('base64url')

type Users = Readonly<Record<string, User>>

function readGet(request: IncomingMessage, users: Users): Asked {
  const { searchParams } = new URL(request.url ?? '', 'http://token-server')
  const scopes = searchParams.getAll('scope').flatMap((scope) => scope.split(' '))
  const offline = searchParams.get('offline_token') === 'true'
  const basic = /^Basic (.+)$/.exec(request.headers.authorization ?? '')?.[1]
  const isNobody = request.headers.authorization === undefined
  if (basic === undefined) return { grant: 'anonymous', user: undefined, known: isNobody, offline, scopes }
  const [user = '', ...password] = Buffer.from(basic, 'base64').toString().split(':')
  return { grant: 'basic', ...knownBy(users, user, password.join(':')), offline, scopes }
}

function readPost(form: URLSearchParams, users: Users): Asked {
  const grant = form.get('grant_type') ?? ''
  const found = Object.keys(users).find((name) => users[name]?.identityToken === (form.get('refresh_token') ?? ''))
  const byToken = { user: found, known: found !== undefined }
  const who = grant === 'refresh_token' ? byToken : knownBy(users, form.get('username') ?? '', form.get('password') ?? '')
  return { grant, ...who, offline: form.get('access_type') === 'offline', scopes: (form.get('scope') ?? '').split(' ').filter(Boolean) }
}

function knownBy(users: Users, user: string, password: string): { user: string | undefined; known: boolean } {
  const known = Object.hasOwn(users, user) && users[user]?.password === password
  return { user: known ? user : undefined, known }
}

/** Returns the part of a scope that any of `grants` allows, as real servers do. */
function granted(scope: string, grants: readonly Grants[]): Access[] {
  const [, type, name, wanted] = /^([^:]+):(.+):([^:]*)$/.exec(scope) ?? []
  if (type === undefined || name === undefined || wanted === undefined) return []
  const allowed = grants.flatMap((each) => each[name] ?? each['*'] ?? [])
  const actions = wanted.split(',').filter((action) => allowed.includes('*') || allowed.includes(action as Action))
  return actions.length > 0 ? [{ type, name, actions }] : []
}
