/** A registry with an account per team, as in GitLab. */

import { expect, it } from 'vitest'
import { makeKeychain } from '../../../src/registry/auth/keychain.ts'
import { makeCertificate } from '../../support/registry/certificate.ts'
import { craftApp } from '../../support/images/crafted-app.ts'
import { pushImage } from '../../support/images/push-image.ts'
import { openClient } from '../../support/registry/registry-client.ts'
import { startRegistry } from '../../support/registry/registry.ts'
import { startTokenServer } from '../../support/fakes/token-server.ts'

it('uses the credentials of each path, and a token for one repository only', async () => {
  await using certificate = await makeCertificate()
  const users = Object.fromEntries(
    ['team-a', 'team-b'].map((team) => [team, { password: `p-${team}`, repositories: { [`${team}/app`]: ['pull', 'push'], [`${team}/base`]: ['pull', 'push'] } as const }]),
  )
  await using tokens = await startTokenServer({ certificate, users })
  await using registry = await startRegistry({ auth: tokens })
  const auth = (team: string): object => ({ auth: Buffer.from(`${team}:p-${team}`).toString('base64') })
  const auths = { [`${registry.address}/team-a`]: auth('team-a'), [`${registry.address}/team-b`]: auth('team-b') }
  const keychain = makeKeychain({ env: { DOCKER_AUTH_CONFIG: JSON.stringify({ auths }) }, home: '/nonexistent' })
  await using client = openClient({ keychain })
  const { registries } = client

  const app = await craftApp()
  const { digest } = await pushImage(registries, `${registry.address}/team-a/app:1`, app)
  await pushImage(registries, `${registry.address}/team-b/base:1`, { layers: [] })
  expect(await registries.repository(`${registry.address}/team-a/app`).resolve('1')).toMatchObject({ digest })
  expect(await registries.repository(`${registry.address}/team-b/base`).resolve('1')).toBeDefined()
  const who = (name: string): (string | undefined)[] => tokens.requests.filter(({ scopes }) => scopes[0]?.startsWith(`repository:${name}:`)).map(({ user }) => user)
  expect([new Set(who('team-a/app')), new Set(who('team-b/base'))]).toEqual([new Set(['team-a']), new Set(['team-b'])])

  // The writing account cannot read the other repository: the blob is uploaded instead.
  const target = registries.repository(`${registry.address}/team-b/app`, 'push')
  expect(await target.mountBlob(digest, 'team-a/app')).toBe(false)
  expect(new Set(who('team-b/app'))).toEqual(new Set(['team-b']))
  await expect(registries.repository(`${registry.address}/team-c/app`).resolve('1')).rejects.toMatchObject({ code: 'CNB_REGISTRY_DENIED' })
})
