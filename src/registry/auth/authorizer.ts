/** Authorization for one registry host: its challenge, our credentials, cached tokens. */

import type { Clock } from '../../base/clock.ts'
import { abortable } from '../transport/abortable.ts'
import type { RegistryCredentials } from './auth-file.ts'
import { parseChallenges, type Challenge } from './challenge.ts'
import { headerValues, type Exchange, type HttpReply } from '../transport/http.ts'
import type { Keychain } from './keychain.ts'
import { targetOf } from '../transport/untrusted-address.ts'
import { basicHeader, fetchToken, type Token } from './token.ts'

/** A scope in the format of token servers: `repository:team/app:pull,push`. */
const SCOPE = /^([a-z]+:[^\s:]+(?::\d+\/[^\s:]+)?):([a-z*,]+)$/

interface KeptToken {
  /** A single action: `repository:team/app:pull`. */
  readonly actions: ReadonlySet<string>
  readonly coming: Promise<Token>
  /** Set once the token has arrived. */
  token?: Token
}

export interface AuthorizerOptions {
  /** The registry's name as users write it, for the lookup of credentials. */
  readonly host: string
  readonly keychain: Keychain
  /** For requests to token servers. */
  readonly exchange: Exchange
  readonly clock: Clock
  /** Aborts requests that several calls share. */
  readonly closing: AbortSignal
}

/** Adds `Authorization` to requests to one registry. Credentials are sent only after a challenge. */
export class Authorizer {
  readonly #options: AuthorizerOptions
  #challenge: { how: Challenge; registry: URL } | undefined
  /** By repository: each may have separate credentials. */
  readonly #tokens = new Map<string, KeptToken[]>()

  constructor(options: AuthorizerOptions) {
    this.#options = options
  }

  /**
   * Records a 401 reply of the registry to a request with `authorization`, which is not used again.
   * @returns the scopes that the registry requires
   */
  learn(reply: HttpReply, authorization: string | undefined): string[] {
    const challenges = parseChallenges(headerValues(reply, 'www-authenticate'))
    const bearer = challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'))
    const how = bearer ?? challenges.find(({ scheme }) => scheme === 'basic')
    if (how) this.#challenge = { how, registry: reply.url }
    this.#forget(({ token }) => token !== undefined && authorization === `Bearer ${token.value}`)
    return (how?.parameters.get('scope') ?? '').split(' ').filter((scope) => SCOPE.test(scope))
  }

  /** Returns the header for `scopes`; undefined if the registry sent no challenge, or no credentials exist. */
  async header(scopes: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    if (!this.#challenge) return undefined
    const { how, registry } = this.#challenge
    const credentials = await abortable(this.#options.keychain(this.#nameOf(scopes)), signal)
    if (credentials?.registrytoken) return `Bearer ${credentials.registrytoken}`
    if (how.scheme === 'basic') return credentials && basicHeader(credentials)
    const realm = targetOf(how.parameters.get('realm') ?? '', registry, "the registry's token server")
    const { value } = await abortable(this.#token(realm, how.parameters.get('service'), scopes, credentials), signal)
    return `Bearer ${value}`
  }

  /** Returns the name for the lookup of credentials: the request's repository; credentials of another one are not used. */
  #nameOf([scope = '']: readonly string[]): string {
    const [, repository] = /^repository:(.*)$/.exec(SCOPE.exec(scope)?.[1] ?? '') ?? []
    return repository === undefined ? this.#options.host : `${this.#options.host}/${repository}`
  }

  #token(realm: URL, service: string | undefined, scopes: readonly string[], credentials: RegistryCredentials | undefined): Promise<Token> {
    const { clock, closing, exchange, host } = this.#options
    const actions = scopes.flatMap(actionsOf)
    const key = SCOPE.exec(scopes[0] ?? '')?.[1] ?? ''
    const kept = (this.#tokens.get(key) ?? []).filter(({ token }) => !token || token.expires > clock.now())
    const found = kept.find((each) => actions.every((action) => each.actions.has(action)))
    if (found) return found.coming
    const coming = fetchToken({ realm, service, scopes, credentials, signal: closing }, exchange, clock.now(), host)
    const made: KeptToken = { actions: new Set(actions), coming }
    this.#tokens.set(key, [...kept, made])
    coming.then(
      (token) => void (made.token = token),
      () => this.#forget((each) => each === made),
    )
    return coming
  }

  #forget(isOld: (kept: KeptToken) => boolean): void {
    for (const [key, kept] of this.#tokens) if (kept.some(isOld)) this.#tokens.set(key, kept.filter((each) => !isOld(each)))
  }
}

function actionsOf(scope: string): string[] {
  const [, resource, actions] = SCOPE.exec(scope) ?? []
  return actions === undefined ? [scope] : actions.split(',').map((action) => `${resource}:${action}`)
}
