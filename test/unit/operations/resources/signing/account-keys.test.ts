import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { beforeEach, describe, expect, it } from 'vitest'
import { Resources } from '../../../../../src/operations/resources/resources.ts'
import { SigningKeys } from '../../../../../src/operations/resources/signing/account-keys.ts'
import type { AnyResource } from '../../../../../src/resources/kind.ts'
import type { Secret, ServiceAccount } from '../../../../../src/resources/kinds/core.ts'
import { cosignAnswers } from '../../../../support/cosign-answers.ts'
import { MemoryStore } from '../../../../support/fakes/memory-store.ts'

const { ecdsa, open } = cosignAnswers().keys
const PKCS8 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const ACCOUNT = { name: 'builds', namespace: 'team' }

const secret = (name: string, data: Record<string, string>, annotations: Record<string, string> = {}, namespace = 'team'): Secret => ({
  apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, annotations },
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
})
const account = (...names: string[]): ServiceAccount => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: ACCOUNT, secrets: names.map((name) => ({ name })) })

let store: MemoryStore

beforeEach(() => {
  store = new MemoryStore()
})

async function keysOf(...resources: AnyResource[]) {
  for (const resource of resources) await store.write(resource, 'none')
  return new SigningKeys(await Resources.read(store, {}))
}

describe('SigningKeys', () => {
  it('reads the cosign keys of the Secrets of a service account, and how to use them', async () => {
    const keys = await keysOf(
      account('one', 'registry', 'two', 'gone'),
      secret('one', { 'cosign.key': ecdsa.private, 'cosign.password': ecdsa.password }, { 'kpack.io/cosign.repository': 'example.com/s', 'kpack.io/cosign.docker-media-types': '1', 'kpack.io/slsa': '' }),
      secret('registry', { '.dockerconfigjson': '{}' }),
      secret('two', { 'cosign.key': open.private }, { 'kpack.io/cosign.docker-media-types': '0' }),
      secret('unlisted', { 'cosign.key': open.private }),
      secret('gone', { 'cosign.key': open.private }, {}, 'elsewhere'),
    )
    const { signing, provenance } = await keys.of(ACCOUNT)
    expect(signing).toMatchObject([
      { name: 'one', namespace: 'team', repository: 'example.com/s', hasDockerMediaTypes: true },
      { name: 'two', namespace: 'team', hasDockerMediaTypes: false },
    ])
    expect(provenance).toEqual([signing[0]])
    // A key is decrypted once.
    expect((await keys.of(ACCOUNT)).signing.map(({ key }) => key)).toEqual(signing.map(({ key }) => key))
  })

  it('reads other private keys for provenance only, if they are marked', async () => {
    const keys = await keysOf(account('deploy', 'mark'), secret('deploy', { 'ssh-privatekey': 'not read' }), secret('mark', { 'ssh-privatekey': PKCS8 }, { 'kpack.io/slsa': '' }))
    const { signing, provenance } = await keys.of(ACCOUNT)
    expect([signing.length, provenance.map(({ name }) => name)]).toEqual([0, ['mark']])
  })

  it('has none without a service account', async () => {
    expect(await (await keysOf()).of(ACCOUNT)).toEqual({ signing: [], provenance: [] })
  })

  it.each([
    ['a wrong password', { 'cosign.key': ecdsa.private, 'cosign.password': 'hunter2' }, "cannot read the key 'cosign.key' of Secret team/bad: the password does not fit"],
    ['no key', { 'cosign.key': 'hunter2' }, "cannot read the key 'cosign.key' of Secret team/bad: it is not a key of 'cosign generate-key-pair'"],
    ['no key of the other kind', { 'ssh-privatekey': 'hunter2' }, "cannot read the key 'ssh-privatekey' of Secret team/bad: it is not a private key in PKCS #8 without password"],
  ])('refuses a Secret with %s, and names only the Secret', async (_title, data, message) => {
    const error = await (await keysOf(account('bad'), secret('bad', data, { 'kpack.io/slsa': '' }))).of(ACCOUNT).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'CNB_SIGNING_FAILED', message })
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2')
  })
})
