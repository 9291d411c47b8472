/** The registries of other tests behave as those tests assume. */

import { describe, expect, it } from 'vitest'
import { makeCertificate } from '../../support/registry/certificate.ts'
import { pushBlob } from '../../support/images/push-blob.ts'
import { BASIC_USER, startRegistry } from '../../support/registry/registry.ts'
import { sendRequest, type Reply } from '../../support/registry/send-request.ts'
import { startTokenServer } from '../../support/fakes/token-server.ts'

describe('a plain registry', () => {
  it('stores, returns and deletes a blob without credentials', async () => {
    await using registry = await startRegistry()
    const path = await pushBlob(registry, 'team/app', 'a layer')
    const url = `http://${registry.address}${path}`
    expect((await sendRequest('GET', url)).body.toString()).toBe('a layer')
    expect((await sendRequest('DELETE', url)).status).toBe(202)
    expect((await sendRequest('GET', url)).status).toBe(404)
  })

  it('is closed on disposal', async () => {
    let address
    {
      await using registry = await startRegistry()
      address = registry.address
    }
    await expect(sendRequest('GET', `http://${address}/v2/`)).rejects.toThrow('ECONNREFUSED')
  })
})

describe('a registry with TLS', () => {
  it('is trusted only with its CA', async () => {
    await using certificate = await makeCertificate()
    await using other = await makeCertificate()
    await using registry = await startRegistry({ certificate })
    const url = `https://${registry.address}/v2/`
    expect((await sendRequest('GET', url, { ca: certificate.ca })).status).toBe(200)
    await expect(sendRequest('GET', url, { ca: other.ca })).rejects.toThrow('certificate')
    await expect(sendRequest('GET', url)).rejects.toThrow('certificate')
    await pushBlob(registry, 'team/app', 'a layer')
  })
})

describe('a registry with Basic auth', () => {
  it('accepts only its user', async () => {
    await using registry = await startRegistry({ auth: 'basic' })
    const as = (password: string): Promise<Reply> =>
      sendRequest('GET', `http://${registry.address}/v2/`, { headers: { authorization: `Basic ${btoa(`${BASIC_USER.username}:${password}`)}` } })
    const refused = await sendRequest('GET', `http://${registry.address}/v2/`)
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, 'Basic realm="cnb tests"'])
    expect((await as('wrong')).status).toBe(401)
    expect((await as(BASIC_USER.password)).status).toBe(200)
    await pushBlob(registry, 'team/app', 'a layer')
  })
})

describe('a registry with token auth', () => {
  const users = {
    alice: { password: 'of alice', identityToken: 'alice logged in', repositories: { 'team/app': ['pull', 'push'], 'team/base': ['pull'] } },
  } as const
  const anonymous = { public: ['pull'] } as const
  const basic = { authorization: `Basic ${btoa('alice:of alice')}` }
  const formOf = (fields: Record<string, string>): { headers: Record<string, string>; body: string } => ({
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ service: 'cnb-test-registry', client_id: 'test', ...fields }).toString(),
  })
  const tokenOf = ({ body }: Reply): Record<string, string> => JSON.parse(body.toString()) as Record<string, string>
  const bearer = (token: string | undefined): { headers: Record<string, string> } => ({ headers: { authorization: `Bearer ${token}` } })

  it('sends a challenge with its token server, and enforces the scope of tokens', async () => {
    await using certificate = await makeCertificate()
    await using tokens = await startTokenServer({ certificate, users, anonymous })
    await using registry = await startRegistry({ auth: tokens })
    const path = await pushBlob(registry, 'team/app', 'a layer')
    const url = `http://${registry.address}${path}`
    const refused = await sendRequest('GET', url)
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([
      401, `Bearer realm="${tokens.realm}",service="${tokens.service}",scope="repository:team/app:pull"`,
    ])

    const { token } = tokenOf(await sendRequest('GET', `${tokens.realm}?service=${tokens.service}&scope=repository:team/app:pull`, { headers: basic }))
    expect((await sendRequest('GET', url, bearer(token))).body.toString()).toBe('a layer')
    expect((await sendRequest('POST', `http://${registry.address}/v2/team/app/blobs/uploads/`, bearer(token))).status).toBe(401)
    expect((await sendRequest('GET', url, bearer(`${token}x`))).status).toBe(401)
    expect(tokens.requests).toEqual([{ method: 'GET', user: 'alice', grant: 'basic', scopes: ['repository:team/app:pull'], status: 200 }])
  })

  it('returns tokens for a posted identity token or password', async () => {
    await using certificate = await makeCertificate()
    await using tokens = await startTokenServer({ certificate, users })
    await using registry = await startRegistry({ auth: tokens })
    const scope = 'repository:team/app:push,pull repository:team/base:push,pull'
    const upload = (repository: string, token: string | undefined): Promise<Reply> =>
      sendRequest('POST', `http://${registry.address}/v2/${repository}/blobs/uploads/`, bearer(token))
    const grants: Record<string, string>[] = [
      { grant_type: 'refresh_token', refresh_token: 'alice logged in' },
      { grant_type: 'password', username: 'alice', password: 'of alice', access_type: 'offline' },
    ]
    for (const fields of grants) {
      const reply = tokenOf(await sendRequest('POST', tokens.realm, formOf({ ...fields, scope })))
      expect((await upload('team/app', reply['access_token'])).status).toBe(202)
      expect((await upload('team/base', reply['access_token'])).status).toBe(401)
      expect(reply['refresh_token']).toBe('access_type' in fields ? 'alice logged in' : undefined)
    }
    const wrong = await sendRequest('POST', tokens.realm, formOf({ grant_type: 'refresh_token', refresh_token: 'no such', scope }))
    expect(wrong.status).toBe(401)
    expect(tokens.requests.map(({ grant, user, status }) => [grant, user, status])).toEqual([
      ['refresh_token', 'alice', 200], ['password', 'alice', 200], ['refresh_token', undefined, 401],
    ])
  })

  it('returns anonymous tokens for public content, and none for a wrong password', async () => {
    await using certificate = await makeCertificate()
    await using tokens = await startTokenServer({ certificate, users, anonymous, tls: true })
    await using registry = await startRegistry({ auth: tokens, certificate })
    const ask = (repository: string, headers = {}): Promise<Reply> =>
      sendRequest('GET', `${tokens.realm}?scope=repository:${repository}:pull`, { headers, ca: certificate.ca })
    const tags = async (repository: string): Promise<number> => {
      const { token } = tokenOf(await ask(repository))
      return (await sendRequest('GET', `https://${registry.address}/v2/${repository}/tags/list`, { ...bearer(token), ca: certificate.ca })).status
    }
    // Allowed, although the repository is empty.
    expect(await tags('public')).toBe(404)
    expect(await tags('team/app')).toBe(401)
    expect((await ask('public', { authorization: `Basic ${btoa('alice:guess')}` })).status).toBe(401)
  })

  it('rejects an expired token', async () => {
    await using certificate = await makeCertificate()
    await using tokens = await startTokenServer({ certificate, anonymous, expiresIn: -120 })
    await using registry = await startRegistry({ auth: tokens })
    const look = async (): Promise<number> => {
      const { token } = tokenOf(await sendRequest('GET', `${tokens.realm}?scope=repository:public:pull`))
      return (await sendRequest('GET', `http://${registry.address}/v2/public/tags/list`, bearer(token))).status
    }
    expect(await look()).toBe(401)
    tokens.expiresIn = 60
    expect(await look()).toBe(404)
  })
})
