/** kp's verbs for Secrets of a service account. */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Secret, ServiceAccount } from '../../../resources/kinds/core.ts'
import type { Store } from '../../../state/store.ts'
import { applyDocuments, type DocumentOptions, type DocumentResult } from '../documents/apply-documents.ts'
import type { ScopeServices } from '../open-scope.ts'
import { holding } from '../joined-signal.ts'
import { Resources } from '../resources.ts'
import { alreadyExists } from './change-resource.ts'
import { DOCKER_CONFIG, secretContent, type SecretForm } from './secret-content.ts'

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

/** Creates a Secret, and adds it to a service account. @throws CnbError CNB_USAGE, and those of apply */
export async function createSecret(options: SecretOptions, store: Store, services: ScopeServices, input: AsyncIterable<Buffer>, context: Context): Promise<SecretResult> {
  const { name, namespace = 'default', serviceAccount = 'default' } = options
  const { target, content } = await secretContent(options, services.remote.host, input, context)
  const secret = { apiVersion: 'v1', kind: 'Secret', ...content, metadata: { ...content.metadata, name, namespace } } as Secret
  const result = await applyDocuments({
    what: `create the Secret ${name}`,
    from: (resources) => {
      if (resources.written('Secret', { name, namespace })) throw alreadyExists({ plural: 'secrets', group: '' }, name, "Delete it first with 'cnb secret delete', or choose another name.")
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
