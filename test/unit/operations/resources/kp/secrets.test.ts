import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../../src/base/files.ts'
import { createSecret, deleteSecret, listSecrets } from '../../../../../src/operations/resources/kp/secrets.ts'
import type { SecretForm } from '../../../../../src/operations/resources/kp/secret-content.ts'
import type { ScopeServices } from '../../../../../src/operations/resources/open-scope.ts'
import type { Secret, ServiceAccount } from '../../../../../src/resources/kinds/core.ts'
import { MemoryStore } from '../../../../support/fakes/memory-store.ts'

let cwd: string
let directory: TemporaryDirectory
let store: MemoryStore

beforeEach(async () => {
  directory = await makeTemporaryDirectory('cnb-secrets-')
  cwd = directory.path
  store = new MemoryStore()
})
afterEach(() => directory[Symbol.asyncDispose]())

const ENV = { DOCKER_PASSWORD: 'd0cker', REGISTRY_PASSWORD: 'r3gistry', GIT_PASSWORD: 'g1t' }

async function* input(text: string): AsyncIterable<Buffer> {
  yield Buffer.from(text)
}

async function create(form: SecretForm, env: Record<string, string> = ENV, name = 'mine') {
  const services = { remote: { host: { env, cwd, home: cwd }, keychain: async () => async () => undefined } } as unknown as ScopeServices
  return createSecret({ name, ...form }, store, services, input('fr0m-stdin\n'), {})
}

async function read<T>(kind: string, name: string): Promise<T> {
  return (await store.read({ type: { group: '', kind }, namespace: 'default', name }))?.resource as T
}

async function dataOf(name = 'mine'): Promise<Record<string, string>> {
  const { data = {} } = await read<Secret>('Secret', name)
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]))
}

describe('cnb secret create', () => {
  it.each<[SecretForm, string, string, object]>([
    [{ dockerhub: 'me' }, 'https://index.docker.io/v1/', 'https://index.docker.io/v1/', { username: 'me', password: 'd0cker', auth: 'bWU6ZDBja2Vy' }],
    [{ registry: 'example.com', registryUser: 'me' }, 'example.com', 'example.com', { username: 'me', password: 'r3gistry', auth: 'bWU6cjNnaXN0cnk=' }],
    [{ registry: 'https://example.com:5000/path', registryUser: 'me' }, 'https://example.com:5000/path', 'example.com:5000', { username: 'me', password: 'r3gistry', auth: 'bWU6cjNnaXN0cnk=' }],
    [{ registry: 'me/app', registryUser: 'me' }, 'me/app', 'https://index.docker.io/v1/', { username: 'me', password: 'r3gistry', auth: 'bWU6cjNnaXN0cnk=' }],
  ])('stores credentials of a registry: %j', async (form, target, host, credentials) => {
    expect(await create(form)).toMatchObject({ target })
    expect(JSON.parse((await dataOf())['.dockerconfigjson'] ?? '')).toEqual({ auths: { [host]: credentials } })
    const account = await read<ServiceAccount>('ServiceAccount', 'default')
    expect(account).toMatchObject({ secrets: [{ name: 'mine' }], imagePullSecrets: [{ name: 'mine' }], metadata: { annotations: { 'kpack.io/managedSecret': JSON.stringify({ mine: target }) } } })
  })

  it('stores a key of GCR and a key for git from files', async () => {
    await writeFile(join(cwd, 'key'), 'k3y')
    await create({ gcr: 'key' }, {}, 'gcr')
    expect(JSON.parse((await dataOf('gcr'))['.dockerconfigjson'] ?? '')).toEqual({ auths: { 'gcr.io': { username: '_json_key', password: 'k3y', auth: 'X2pzb25fa2V5OmszeQ==' } } })
    await create({ gitUrl: 'git@example.com' }, { GIT_SSH_KEY_PATH: 'key' }, 'git')
    expect(await dataOf('git')).toEqual({ 'ssh-privatekey': 'k3y' })
    expect(await read('Secret', 'git')).toMatchObject({ type: 'kubernetes.io/ssh-auth', metadata: { annotations: { 'kpack.io/git': 'git@example.com' } } })
    expect((await read<ServiceAccount>('ServiceAccount', 'default')).imagePullSecrets).toEqual([{ name: 'gcr' }])
  })

  it('keeps the bytes of a key', async () => {
    await writeFile(join(cwd, 'key'), Buffer.from([0x61, 0xff]))
    await create({ gitUrl: 'git@example.com', gitSshKey: 'key' })
    expect((await read<Secret>('Secret', 'mine')).data).toEqual({ 'ssh-privatekey': 'Yf8=' })
  })

  it('reads a password from standard input', async () => {
    await create({ gitUrl: 'https://example.com', gitUser: 'me', passwordFile: '-' }, {})
    expect(await dataOf()).toEqual({ username: 'me', password: 'fr0m-stdin' })
  })

  it('returns no values', async () => {
    expect(JSON.stringify(await create({ gitUrl: 'https://example.com', gitUser: 'me' }))).not.toMatch(/g1t|ZzF0/)
  })

  it.each<[SecretForm, string]>([
    [{}, 'secret must be one of dockerhub, gcr, registry, or git'],
    [{ dockerhub: 'me', registry: 'r' }, 'secret must be one of dockerhub, gcr, registry, or git'],
    [{ registry: 'r' }, 'missing parameter registry-user'],
    [{ dockerhub: '' }, 'secret must be one of dockerhub, gcr, registry, or git'],
    [{ registry: 'r', registryUser: '' }, 'missing parameter registry-user'],
    [{ gitUrl: 'https://example.com' }, 'missing parameter git-user or git-ssh-key'],
    [{ gitUrl: 'https://example.com', gitUser: 'me', gitSshKey: 'key' }, 'must provide one of git-user or git-ssh-key'],
    [{ dockerhub: 'me' }, 'cannot create the Secret: the password is absent'],
    [{ gcr: 'absent' }, "cannot read 'absent': "],
    [{ dockerhub: 'me', registryUser: 'me', gitUser: 'me' }, 'extraneous parameters: git-user, registry-user'],
    [{ registry: 'r', registryUser: 'me', gitSshKey: 'key' }, 'extraneous parameters: git-ssh-key'],
    [{ gcr: 'key', passwordFile: '-' }, 'extraneous parameters: password-file'],
    [{ gitUrl: 'git@example.com', gitSshKey: 'key', passwordFile: '-' }, 'extraneous parameters: password-file'],
    [{ gitUrl: 'https://example.com', gitUser: 'me', registryUser: 'me' }, 'extraneous parameters: registry-user'],
    [{ gitUrl: 'https://example.com/a.git', gitUser: 'me' }, 'must provide a valid git url without the repository path for basic auth (ex. https://github.com)'],
    [{ gitUrl: 'git@example.com', gitUser: 'me' }, 'must provide a valid git url without the repository path for basic auth'],
    [{ gitUrl: 'git@example.com:me/app', gitSshKey: 'key' }, 'must provide a valid git url for SSH (ex. git@github.com)'],
    [{ gitUrl: 'https://example.com', gitSshKey: 'key' }, 'must provide a valid git url for SSH (ex. git@github.com)'],
    [{ dockerhub: 'me', passwordFile: 'empty' }, "cannot read the password from 'empty': it is empty"],
    [{ dockerhub: 'me', passwordFile: 'binary' }, "cannot read 'binary': it is not text in UTF-8"],
    [{ dockerhub: 'me', passwordFile: '.' }, "cannot read '.': is a directory"],
  ])('refuses %j', async (form, message) => {
    await writeFile(join(cwd, 'empty'), '\n')
    await writeFile(join(cwd, 'binary'), Buffer.from([0x61, 0xff]))
    await expect(create(form, {})).rejects.toMatchObject({ code: 'CNB_USAGE', message: expect.stringContaining(message) as string })
  })

  it('does not replace a Secret', async () => {
    await create({ dockerhub: 'me' })
    await expect(create({ dockerhub: 'other' })).rejects.toMatchObject({ code: 'CNB_USAGE', message: 'secrets "mine" already exists' })
    expect((await dataOf())['.dockerconfigjson']).toContain('"me"')
  })
})

describe('an account with Secrets', () => {
  it('lists and loses them', async () => {
    await create({ dockerhub: 'me' }, ENV, 'b')
    await create({ registry: 'example.com', registryUser: 'me' }, ENV, 'a')
    expect(await listSecrets({}, store, {})).toEqual([
      { name: 'a', target: 'example.com', isAvailable: true }, { name: 'b', target: 'https://index.docker.io/v1/', isAvailable: true },
    ])
    await deleteSecret({ name: 'a' }, store, {})
    expect(await listSecrets({}, store, {})).toEqual([{ name: 'b', target: 'https://index.docker.io/v1/', isAvailable: true }])
    await expect(deleteSecret({ name: 'a' }, store, {})).rejects.toMatchObject({ code: 'CNB_RESOURCE_NOT_FOUND' })
    await deleteSecret({ name: 'b' }, store, {})
    await expect(listSecrets({}, store, {})).rejects.toMatchObject({ message: 'no secrets found in "default" namespace for "default" service account' })
  })
})
