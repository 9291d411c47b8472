/**
 * kp's verbs for Secrets of a service account: `pkg/secret/factory.go` of kp.
 *
 * Values never come from the command line.
 */

import { resolve } from 'node:path'
import { readBounded } from '../../../base/bounded-file.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Secret, ServiceAccount } from '../../../resources/kinds/core.ts'
import type { Store } from '../../../state/store.ts'
import type { Host } from '../../services.ts'
import { applyDocuments, type DocumentOptions, type DocumentResult } from '../documents/apply-documents.ts'
import type { ScopeServices } from '../open-scope.ts'
import { holding } from '../joined-signal.ts'
import { Resources } from '../resources.ts'
import { alreadyExists } from './change-resource.ts'

/** One form: Docker Hub, GCR, a registry or git. */
export interface SecretForm {
  /** A user of Docker Hub. */
  readonly dockerhub?: string
  /** The key file of a service account of GCR. */
  readonly gcr?: string
  readonly registry?: string
  readonly registryUser?: string
  readonly gitUrl?: string
  readonly gitUser?: string
  readonly gitSshKey?: string
  /** A file with the password; `-` for standard input. */
  readonly passwordFile?: string
}

export interface SecretOptions extends DocumentOptions, SecretForm {
  readonly name: string
  /** Default: `default`; created if it is absent. */
  readonly serviceAccount?: string
}

export interface SecretResult extends DocumentResult {
  /** The registry or git server. */
  readonly target: string
}

/** kp's record of each Secret's registry or git server. */
const TARGETS = 'kpack.io/managedSecret'
const DOCKER_HUB = 'https://index.docker.io/v1/'
const DOCKER_CONFIG = 'kubernetes.io/dockerconfigjson'
const MAX_FILE = 1024 * 1024

/** Creates a Secret, and adds it to a service account. @throws CnbError CNB_USAGE, and those of apply */
export async function createSecret(options: SecretOptions, store: Store, services: ScopeServices, input: AsyncIterable<Buffer>, context: Context): Promise<SecretResult> {
  const { name, namespace = 'default', serviceAccount = 'default' } = options
  const { target, content } = await secretContent(options, services.remote.host, input, context)
  const secret = { apiVersion: 'v1', kind: 'Secret', ...content, metadata: { ...content.metadata, name, namespace } } as Secret
  const result = await applyDocuments({
    what: `create the Secret ${name}`,
    from: (resources) => {
      if (resources.written('Secret', { name, namespace })) throw alreadyExists({ plural: 'secrets', group: '' }, name)
      const account = resources.written('ServiceAccount', { name: serviceAccount, namespace }) ?? newAccount(serviceAccount, namespace)
      return [secret, withSecret(account, name, target, secret.type === DOCKER_CONFIG)]
    },
  }, options, store, services, context)
  return { ...result, target }
}

function newAccount(name: string, namespace: string): ServiceAccount {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } }
}

function withSecret({ metadata, secrets = [], imagePullSecrets = [], ...account }: ServiceAccount, name: string, target: string, isForRegistry: boolean): ServiceAccount {
  const added = (list: { name: string }[]): { name: string }[] => [...list.filter((each) => each.name !== name), { name }]
  const pull = isForRegistry ? added(imagePullSecrets) : imagePullSecrets
  return {
    ...account,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [TARGETS]: JSON.stringify({ ...targetsOf(metadata.annotations), [name]: target }) } },
    secrets: added(secrets),
    ...(pull.length > 0 ? { imagePullSecrets: pull } : {}),
  }
}

function targetsOf(annotations: Readonly<Record<string, string>> = {}): Record<string, string> {
  try {
    const targets: unknown = JSON.parse(annotations[TARGETS] ?? '{}')
    return typeof targets === 'object' && targets !== null ? Object.fromEntries(Object.entries(targets).map(([key, value]) => [key, String(value)])) : {}
  } catch {
    return {}
  }
}

interface SecretContent {
  readonly target: string
  readonly content: Omit<Secret, 'apiVersion' | 'kind' | 'metadata'> & { readonly metadata?: { readonly annotations: Record<string, string> } }
}

async function secretContent(form: SecretForm, host: Host, input: AsyncIterable<Buffer>, context: Context): Promise<SecretContent> {
  const { dockerhub, registry, registryUser, gitUrl, gitUser } = form
  const { env } = host
  const [gcr, gitSshKey] = [form.gcr ?? env['GCR_SERVICE_ACCOUNT_PATH'], form.gitSshKey ?? (gitUser === undefined ? env['GIT_SSH_KEY_PATH'] : undefined)]
  // A file of the environment is only for its own form.
  const given = [dockerhub, registry, gitUrl, form.gcr].filter((each) => each !== undefined).length
  if (given > 1 || (given === 0 && gcr === undefined)) throw usage('secret must be one of dockerhub, gcr, registry, or git', 'Name one of --dockerhub, --gcr, --registry and --git-url.')
  const password = (variable: string): Promise<string> => readPassword(variable, form.passwordFile, host, input, context)
  if (dockerhub !== undefined) return dockerConfig(DOCKER_HUB, DOCKER_HUB, dockerhub, await password('DOCKER_PASSWORD'))
  if (registry !== undefined) {
    if (registryUser === undefined) throw usage('missing parameter registry-user', 'Add --registry-user.')
    return dockerConfig(registryHost(registry), registry, registryUser, await password('REGISTRY_PASSWORD'))
  }
  if (gitUrl === undefined) return dockerConfig('gcr.io', 'gcr.io', '_json_key', await readFile(gcr ?? '', host, context))
  if ((gitUser === undefined) === (gitSshKey === undefined)) {
    throw usage(gitUser === undefined ? 'missing parameter git-user or git-ssh-key' : 'must provide one of git-user or git-ssh-key', 'Name one of them.')
  }
  const metadata = { annotations: { 'kpack.io/git': gitUrl } }
  if (gitSshKey !== undefined) return { target: gitUrl, content: { metadata, type: 'kubernetes.io/ssh-auth', data: { 'ssh-privatekey': base64(await readFile(gitSshKey, host, context)) } } }
  return { target: gitUrl, content: { metadata, type: 'kubernetes.io/basic-auth', data: { username: base64(gitUser ?? ''), password: base64(await password('GIT_PASSWORD')) } } }
}

function dockerConfig(host: string, target: string, username: string, password: string): SecretContent {
  const config = JSON.stringify({ auths: { [host]: { username, password } } })
  return { target, content: { type: DOCKER_CONFIG, data: { '.dockerconfigjson': base64(config) } } }
}

/** Credentials are for a whole registry. */
function registryHost(registry: string): string {
  if (!registry.includes('/')) return registry
  return registry.includes('index.docker.io') ? DOCKER_HUB : (registry.replace(/^https?:\/\//, '').split('/', 1)[0] ?? registry)
}

async function readPassword(variable: string, file: string | undefined, host: Host, input: AsyncIterable<Buffer>, context: Context): Promise<string> {
  if (file === undefined) {
    const value = host.env[variable]
    if (value === undefined || value === '') throw usage('cannot create the Secret: the password is absent', `Set ${variable}, or name a file with --password-file; '-' is standard input.`)
    return value
  }
  return (file === '-' ? await readInput(input) : await readFile(file, host, context)).replace(/\r?\n$/, '')
}

async function readInput(input: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of input) {
    size += chunk.length
    if (size > MAX_FILE) throw usage('cannot read the password: it is too long', `Use at most ${MAX_FILE} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

async function readFile(path: string, { cwd }: Host, { signal }: Context): Promise<string> {
  try {
    return (await readBounded(resolve(cwd, path), { max: MAX_FILE, pipes: true, signal })).toString()
  } catch (error) {
    throw usage(`cannot read '${path}': ${(error as Error).message}`, 'Name a file that this user can read.')
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

export interface AccountName {
  /** Default: `default`. */
  readonly namespace?: string
  /** Default: `default`. */
  readonly serviceAccount?: string
}

export interface ListedSecret {
  readonly name: string
  /** The registry or git server, if kp or cnb created the Secret. */
  readonly target: string
  readonly isAvailable: boolean
}

/** Returns the Secrets of a service account by name. @throws CnbError CNB_RESOURCE_NOT_FOUND */
export async function listSecrets({ namespace = 'default', serviceAccount: name = 'default' }: AccountName, store: Store, context: Context): Promise<ListedSecret[]> {
  const resources = await Resources.read(store, context)
  const account = resources.find('ServiceAccount', { name, namespace })
  const names = new Set([...(account?.secrets ?? []), ...(account?.imagePullSecrets ?? [])].map((secret) => secret.name))
  if (names.size === 0) throw new CnbError('CNB_RESOURCE_NOT_FOUND', `no secrets found in "${namespace}" namespace for "${name}" service account`, { hint: "Create one with 'cnb secret create'." })
  const targets = targetsOf(account?.metadata.annotations)
  return [...names].sort().map((secret) => ({ name: secret, target: targets[secret] ?? '', isAvailable: resources.find('Secret', { name: secret, namespace }) !== undefined }))
}

/** Removes a Secret, also from its service account. @throws CnbError CNB_RESOURCE_NOT_FOUND, CNB_STATE_* */
export async function deleteSecret({ name, namespace = 'default', serviceAccount = 'default' }: AccountName & { readonly name: string }, store: Store, context: Context): Promise<void> {
  await using lock = await store.lock(context)
  const within = holding(lock, context)
  const resources = await Resources.read(store, within)
  const secret = resources.find('Secret', { name, namespace })
  if (!secret) throw new CnbError('CNB_RESOURCE_NOT_FOUND', `secrets "${name}" not found`, { hint: "See 'cnb secret list'." })
  const account = resources.written('ServiceAccount', { name: serviceAccount, namespace })
  if (account) await resources.write(withoutSecret(account, name), within)
  await resources.remove(secret, within)
}

function withoutSecret({ metadata, secrets = [], imagePullSecrets = [], ...account }: ServiceAccount, name: string): ServiceAccount {
  const { [name]: _removed, ...targets } = targetsOf(metadata.annotations)
  const { [TARGETS]: _old, ...annotations } = metadata.annotations ?? {}
  const kept = (list: { name: string }[]): { name: string }[] => list.filter((each) => each.name !== name)
  return {
    ...account,
    metadata: { ...metadata, annotations: { ...annotations, ...(Object.keys(targets).length > 0 ? { [TARGETS]: JSON.stringify(targets) } : {}) } },
    secrets: kept(secrets),
    imagePullSecrets: kept(imagePullSecrets),
  }
}

function usage(message: string, hint: string): CnbError {
  return new CnbError('CNB_USAGE', message, { hint })
}
