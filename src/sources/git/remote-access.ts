/** Runs git for a remote: with the credentials of a Secret and nothing else, or as the user runs it. */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { CnbError } from '../../base/errors.ts'
import { decide, type Context } from '../../base/events.ts'
import { makeTemporaryDirectory } from '../../base/files.ts'
import { once } from '../../base/once.ts'
import { GitError, runGit, type GitOptions } from '../../git/run-git.ts'
import { extraCertificates } from '../../registry/transport/certificates.ts'
import type { GitCredentials, GitLogin } from '../credentials/git-credentials.ts'
import type { SourceServices } from '../source.ts'
import { shown, type Remote } from './remote.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The variables that git needs and that contain no credentials for repositories. */
const KEPT = /^(?:PATH|TMPDIR|LD_LIBRARY_PATH|GIT_EXEC_PATH|GIT_SSL_CA(?:INFO|PATH)|GIT_PROXY_SSL_\w+|(?:https?|all|no)_proxy)$/i
/** Settings of the user for the connection. */
const CONNECTION = '^http\\.(.*\\.)?(proxy|proxyauthmethod|proxyssl[a-z]*|sslcainfo|sslcapath|sslbackend|sslversion|version|postbuffer)$'
/** Prints the credentials. `printf` is a part of the shell, so they are in no process's arguments. */
const HELPER = '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$CNB_GIT_USER" "$CNB_GIT_PASSWORD"; }; f'

/** The credentials for a remote. */
export interface Access {
  /** Undefined for an anonymous access, or for the user's own. */
  readonly login: GitLogin | undefined
  /** Whether git runs with the user's environment and configuration. */
  readonly asUser: boolean
}

/** Runs git for remotes. */
export class RemoteAccess {
  readonly #services: SourceServices
  readonly #settings: () => Promise<[string, string][]>

  constructor(services: SourceServices) {
    this.#services = services
    this.#settings = once(() => connectionSettings(services))
  }

  /**
   * Returns the credentials for a remote: of a Secret, otherwise of the address, otherwise of the user if that is allowed.
   * @throws CnbError CNB_SOURCE_FAILED for ssh without any
   */
  choose(remote: Remote, credentials: GitCredentials, context: Context): Access {
    const { useLocalCredentials = false } = this.#services
    const why = (outcome: string, reason: string): void => decide(context, { kind: 'source', name: shown(remote) }, outcome, reason)
    const found = credentials(remote)
    if (found) {
      why(`Secret '${found.secret}'`, `its annotation is for the host ${remote.host}`)
      return { login: found, asUser: false }
    }
    if (remote.login) return { login: { kind: 'basic', secret: '', ...remote.login }, asUser: false }
    // For a directory of this machine, git needs the user's list of safe directories, and sends nothing.
    if (remote.scheme === 'file') return { login: undefined, asUser: true }
    if (useLocalCredentials) {
      why("the user's credentials", `no Secret is for the host ${remote.host}`)
      return { login: undefined, asUser: true }
    }
    if (remote.scheme === 'ssh') {
      throw new CnbError('CNB_SOURCE_FAILED', `cannot read ${shown(remote)}: no Secret of the service account has a key for ${remote.host}`, {
        hint: `Add a Secret of the type kubernetes.io/ssh-auth with the annotation kpack.io/git: git@${remote.host}.`,
      })
    }
    why('anonymous', `no Secret is for the host ${remote.host}`)
    return { login: undefined, asUser: false }
  }

  /**
   * Calls `work` with the options for git. Files that git needs exist only until then.
   * @throws CnbError CNB_SOURCE_FAILED instead of GitError, and the errors of `work`
   */
  async run<T>(remote: Remote, { login, asUser }: Access, context: Context, work: (options: GitOptions) => Promise<T>): Promise<T> {
    const { signal } = context
    const { protocols } = remote.address
    const isWithFiles = login?.kind === 'ssh' || this.#hasAuthorities(remote)
    await using files = isWithFiles ? await makeTemporaryDirectory('cnb-git-') : undefined
    const folder = files?.path ?? ''
    const authorities = await this.#authorities(remote, folder)
    const environment = asUser ? this.#services.env : await this.#isolated(remote, login, folder)
    const options: GitOptions = {
      env: { ...environment, ...authorities },
      // Only the user's own configuration may replace a protocol by another.
      address: { ...remote.address, protocols: asUser ? protocols : [remote.scheme] },
      signal,
      sshKey: login?.kind === 'ssh' ? login.privateKey : undefined,
      secrets: login ? secretsOf(login) : [],
    }
    try {
      return await work(options)
    } catch (error) {
      if (!(error instanceof GitError)) throw error
      throw new CnbError('CNB_SOURCE_FAILED', `cannot read ${shown(remote)}: ${error.message}`, { hint: error.hint ?? hintFor(error.message, remote), cause: error })
    } finally {
      if (login?.kind === 'ssh') await warnOfNewHost(folder, remote, login, context)
    }
  }

  #hasAuthorities({ scheme }: Remote): boolean {
    const { env, ca = [] } = this.#services
    return scheme === 'https' && (ca.length > 0 || Boolean(env.SSL_CERT_FILE || env.SSL_CERT_DIR))
  }

  /** Writes the authorities to trust, if they are not git's default. */
  async #authorities(remote: Remote, folder: string): Promise<Environment> {
    if (!this.#hasAuthorities(remote)) return {}
    const { env, ca = [] } = this.#services
    const path = join(folder, 'ca.pem')
    await writeFile(path, [...rootCertificates, ...(await extraCertificates(ca, env))].join('\n'))
    return { GIT_SSL_CAINFO: path }
  }

  /** Returns an environment without the user's credentials and configuration, except for those of the connection. */
  async #isolated(remote: Remote, login: GitLogin | undefined, folder: string): Promise<Environment> {
    const { env, trustUnknownHosts = true } = this.#services
    const kept = Object.fromEntries(Object.entries(env).filter(([name]) => KEPT.test(name)))
    // git and libcurl read ~/.netrc and ~/.config; no directory has this name.
    const own = { HOME: '/nonexistent', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }
    const settings: [string, string][] = [['credential.helper', ''], ['http.lowSpeedLimit', '1'], ['http.lowSpeedTime', '60'], ...(await this.#settings())]
    if (login?.kind === 'ssh') return { ...kept, ...own, ...(await sshEnvironment(folder, login, trustUnknownHosts)) }
    const secret: Record<string, string> = {}
    if (login?.kind === 'basic') {
      // git runs the helper for this origin only, and not for one to which the server redirects.
      settings.push([`credential.${remote.scheme}://${remote.host}.helper`, HELPER])
      Object.assign(secret, { CNB_GIT_USER: login.username, CNB_GIT_PASSWORD: login.password })
    }
    return { ...kept, ...own, ...secret, ...asVariables(settings) }
  }
}

/** Returns settings as environment variables: unlike arguments, other users cannot read them. */
function asVariables(settings: readonly (readonly [string, string])[]): Record<string, string> {
  const variables = settings.flatMap(([name, value], index): [string, string][] => [[`GIT_CONFIG_KEY_${index}`, name], [`GIT_CONFIG_VALUE_${index}`, value]])
  return { GIT_CONFIG_COUNT: String(settings.length), ...Object.fromEntries(variables) }
}

/** Returns the user's settings for proxies and certificates. */
async function connectionSettings({ env, git = runGit }: SourceServices): Promise<[string, string][]> {
  // Without any, git fails.
  const output = await git(['config', '--null', '--get-regexp', CONNECTION], { env }).catch(() => Buffer.alloc(0))
  return output.toString().split('\0').flatMap((entry): [string, string][] => {
    const [, name, value] = /^([^\n]+)\n(.*)$/s.exec(entry) ?? []
    return name === undefined || value === undefined ? [] : [[name, value]]
  })
}

const NEW_HOSTS = 'new_hosts'

/** Returns the environment for ssh, with a configuration in `folder` instead of the user's. */
async function sshEnvironment(folder: string, { knownHosts }: Extract<GitLogin, { kind: 'ssh' }>, trusts: boolean): Promise<Record<string, string>> {
  const quoted = (name: string): string => `"${join(folder, name).replaceAll('%', '%%')}"`
  const hosts = knownHosts === undefined
    ? [`UserKnownHostsFile ${quoted(NEW_HOSTS)} ~/.ssh/known_hosts`, `StrictHostKeyChecking ${trusts ? 'accept-new' : 'yes'}`]
    : [`UserKnownHostsFile ${quoted('known_hosts')}`, 'GlobalKnownHostsFile /dev/null', 'StrictHostKeyChecking yes']
  const config = [
    // As in kpack, for an address without a user.
    'User git',
    'BatchMode yes',
    'IdentityFile none',
    'PreferredAuthentications publickey',
    'ConnectTimeout 30',
    'ServerAliveInterval 15',
    'UpdateHostKeys no',
    'HashKnownHosts no',
    ...hosts,
  ]
  await writeFile(join(folder, 'ssh_config'), `${config.join('\n')}\n`)
  if (knownHosts !== undefined) await writeFile(join(folder, 'known_hosts'), knownHosts)
  return { GIT_SSH_COMMAND: 'ssh -F "$CNB_SSH_CONFIG"', GIT_SSH_VARIANT: 'ssh', CNB_SSH_CONFIG: join(folder, 'ssh_config') }
}

async function warnOfNewHost(folder: string, remote: Remote, { secret }: GitLogin, { events }: Context): Promise<void> {
  const added = await readFile(join(folder, NEW_HOSTS), 'utf8').catch(() => '')
  if (added === '') return
  events?.({ type: 'warning', message: `accepted the unknown key of the host ${remote.host}: add known_hosts to the Secret '${secret}', which has it checked` })
}

function secretsOf(login: GitLogin): string[] {
  if (login.kind === 'ssh') return []
  const { username, password } = login
  return [password, encodeURIComponent(password), Buffer.from(`${username}:${password}`).toString('base64')].filter((text) => text !== '')
}

function hintFor(message: string, { scheme, host }: Remote): string {
  if (/host key|REMOTE HOST IDENTIFICATION/i.test(message)) return `Add the key of ${host} to known_hosts of the Secret, after you check it.`
  if (/could not read Username|Authentication failed|Permission denied|403|401/.test(message)) {
    const type = scheme === 'ssh' ? 'ssh-auth' : 'basic-auth'
    return `Add a Secret of the type kubernetes.io/${type} with the annotation kpack.io/git: ${scheme === 'ssh' ? 'git@' : `${scheme}://`}${host}, or check its values.`
  }
  return 'Check the address, the network and the proxy.'
}
