import { expect, test } from 'vitest'
import { rebaseRemote } from '../../../../src/operations/rebase/rebase-remote.ts'
import type { RegistryServices, RegistrySettings } from '../../../../src/operations/services.ts'
import { openClient } from '../../../support/registry/registry-client.ts'

test('passes the options of registries to the client', async () => {
  await using client = openClient()
  const seen: RegistrySettings[] = []
  const host = { env: {}, home: '/nowhere', cwd: '/nowhere' }
  const registries = async (settings: RegistrySettings) => {
    seen.push(settings)
    return client.registries
  }
  await rebaseRemote({ image: 'UPPER', insecureRegistries: ['a.example'], registryMirrors: ['*=b.example'] }, { host, registries } as unknown as RegistryServices, {}).catch(() => {})
  expect(seen).toMatchObject([{ insecure: ['a.example'], mirrors: { '*': ['b.example'] } }])
})
