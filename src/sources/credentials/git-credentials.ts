/** Credentials for git, from Secrets with the annotation `kpack.io/git` (kpack's `pkg/git`). */

import { CnbError } from '../../base/errors.ts'
import type { Secret } from '../../resources/kinds/core.ts'
import { secretText } from './secret-text.ts'

/** The credentials of one Secret. */
export type GitLogin =
  | { readonly kind: 'basic'; readonly secret: string; readonly username: string; readonly password: string }
  | { readonly kind: 'ssh'; readonly secret: string; readonly privateKey: string; readonly knownHosts: string | undefined }

/** The remote of a lookup. */
export interface GitHost {
  readonly scheme: 'http' | 'https' | 'ssh' | 'git' | 'file'
  /** With the port, if the address has one. */
  readonly host: string
}

/** Returns the credentials for a remote; undefined if no Secret matches. @throws CnbError CNB_USAGE for a Secret that cannot be used */
export type GitCredentials = (remote: GitHost) => GitLogin | undefined

const ANNOTATION = 'kpack.io/git'
const TYPES = { 'kubernetes.io/basic-auth': 'basic', 'kubernetes.io/ssh-auth': 'ssh' } as const
/** How an annotation may name a host. */
const FORMS = [(host: string) => host, (host: string) => `https://${host}`, (host: string) => `http://${host}`, (host: string) => `git@${host}`]

/** Returns the credentials of the Secrets; of several that match, those of the first by name. */
export function gitCredentials(secrets: readonly Secret[]): GitCredentials {
  const sorted = [...secrets].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  return ({ scheme, host }) => {
    const kind = scheme === 'ssh' ? 'ssh' : scheme === 'http' || scheme === 'https' ? 'basic' : undefined
    if (kind === undefined || host === '') return undefined
    const names = FORMS.map((form) => form(host))
    const found = sorted.find(({ type, metadata }) => kindOf(type) === kind && names.includes(metadata.annotations?.[ANNOTATION] ?? ''))
    return found && loginOf(found, kind)
  }
}

function kindOf(type: string | undefined): GitLogin['kind'] | undefined {
  return type !== undefined && Object.hasOwn(TYPES, type) ? TYPES[type as keyof typeof TYPES] : undefined
}

function loginOf(secret: Secret, kind: GitLogin['kind']): GitLogin {
  const { name } = secret.metadata
  if (kind === 'ssh') {
    // OpenSSH rejects a key without a line break at its end.
    const privateKey = `${(secretText(secret, 'ssh-privatekey') ?? '').replaceAll('\r\n', '\n').trimEnd()}\n`
    return { kind, secret: name, privateKey, knownHosts: secretText(secret, 'known_hosts') || undefined }
  }
  const [username = '', password = ''] = [secretText(secret, 'username'), secretText(secret, 'password')]
  // git's protocol for credentials has one value in each line.
  if (/[\r\n\0]/.test(username + password)) {
    throw new CnbError('CNB_USAGE', `cannot use the Secret '${name}' for git: its user or password contains a line break`, {
      hint: 'Encode the value without a line break at its end (printf, not echo).',
    })
  }
  return { kind, secret: name, username, password }
}
