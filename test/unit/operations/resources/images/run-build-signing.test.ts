import { expect, it } from 'vitest'
import type { CnbEvent } from '../../../../../src/base/events.ts'
import { runBuild } from '../../../../../src/operations/resources/images/run-build.ts'
import { Resources } from '../../../../../src/operations/resources/resources.ts'
import type { ReconcileScope } from '../../../../../src/operations/resources/scope.ts'
import { SigningKeys } from '../../../../../src/operations/resources/signing/account-keys.ts'
import type { Build } from '../../../../../src/resources/kinds/build.ts'
import type { Secret, ServiceAccount } from '../../../../../src/resources/kinds/core.ts'
import { cosignAnswers } from '../../../../support/cosign-answers.ts'
import { MemoryStore } from '../../../../support/fakes/memory-store.ts'

const NAME = { name: 'shop-build-1', namespace: 'team' }
const BUILD: Build = { apiVersion: 'kpack.io/v1alpha2', kind: 'Build', metadata: NAME, spec: { tags: ['shop'], builder: { image: 'builder' }, source: { local: { path: '/nowhere' } } } }
const ACCOUNT: ServiceAccount = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'team' }, secrets: [{ name: 'signer' }] }
const encoded = (text: string): string => Buffer.from(text).toString('base64')
const SECRET: Secret = {
  apiVersion: 'v1', kind: 'Secret', metadata: { name: 'signer', namespace: 'team' },
  data: { 'cosign.key': encoded(cosignAnswers().keys.ecdsa.private), 'cosign.password': encoded('hunter2') },
}

it('fails a build before it starts if a key cannot be read, and says why in the log and the condition', async () => {
  const store = new MemoryStore()
  for (const resource of [BUILD, ACCOUNT, SECRET]) await store.write(resource, 'none')
  const resources = await Resources.read(store, {})
  const events: CnbEvent[] = []
  // Nothing else is there: a use of sources, registries or the engine would be an internal error.
  const scope = { store, resources, signingKeys: new SigningKeys(resources), options: {}, now: () => new Date(0) } as unknown as ReconcileScope
  await runBuild({ build: resources.find('Build', NAME)!, kind: 'BUILD' }, scope, { events: (event) => events.push(event) })
  const message = "cannot read the key 'cosign.key' of Secret team/signer: the password does not fit"
  expect(resources.find('Build', NAME)?.status?.conditions).toMatchObject([{ type: 'Succeeded', status: 'False', message: `Error: ${message}` }])
  expect(events).toEqual([])
  expect(JSON.stringify([events, resources.find('Build', NAME)])).not.toContain('hunter2')
})
