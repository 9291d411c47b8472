import { describe, expect, test } from 'vitest'
import type { CnbEvent } from '../../../src/base/events.ts'
import type { Secret } from '../../../src/resources/kinds/core.ts'
import { readCredentials, type CredentialSources } from '../../../src/sources/credentials/credentials.ts'
import { credentialsWith, secretOf } from '../../support/sources/services.ts'

const BASIC = 'kubernetes.io/basic-auth'
const SSH = 'kubernetes.io/ssh-auth'
const basic = (name: string, annotations: Record<string, string>, data: Record<string, string> = { username: 'me', password: name }): Secret => secretOf(name, BASIC, data, annotations)

describe('a Secret for git', () => {
  const git = (annotation: string, type = BASIC): Secret => secretOf('s', type, { username: 'me', password: 'p', 'ssh-privatekey': 'k' }, { 'kpack.io/git': annotation })

  test.each(['github.com', 'https://github.com', 'http://github.com', 'git@github.com'])('matches the annotation %s', (annotation) => {
    expect(credentialsWith(git(annotation)).git({ scheme: 'https', host: 'github.com' })).toEqual({ kind: 'basic', secret: 's', username: 'me', password: 'p' })
    expect(credentialsWith(git(annotation, SSH)).git({ scheme: 'ssh', host: 'github.com' })).toEqual({ kind: 'ssh', secret: 's', privateKey: 'k\n', knownHosts: undefined })
  })

  test.each(['github.com/', 'https://github.com/team', 'ssh://github.com', 'hub.com', 'github.com:443', ''])('does not match the annotation %j', (annotation) => {
    expect(credentialsWith(git(annotation)).git({ scheme: 'https', host: 'github.com' })).toBeUndefined()
  })

  test('matches a host with its port', () => {
    expect(credentialsWith(git('https://host:8443')).git({ scheme: 'https', host: 'host:8443' })).toBeDefined()
    expect(credentialsWith(git('https://host')).git({ scheme: 'https', host: 'host:8443' })).toBeUndefined()
  })

  test.each([['ssh', BASIC], ['https', SSH], ['git', BASIC], ['file', BASIC], ['https', 'Opaque']] as const)('matches no address at %s with the type %s', (scheme, type) => {
    expect(credentialsWith(git('host', type)).git({ scheme, host: 'host' })).toBeUndefined()
  })

  test('is the first by name', () => {
    const found = credentialsWith(basic('b', { 'kpack.io/git': 'host' }), basic('a', { 'kpack.io/git': 'https://host' })).git({ scheme: 'https', host: 'host' })
    expect(found?.secret).toBe('a')
  })

  test('does not match without a host', () => {
    expect(credentialsWith(basic('a', {})).git({ scheme: 'https', host: '' })).toBeUndefined()
  })

  test('cannot contain a line break, and the error does not show it', () => {
    const secret = basic('a', { 'kpack.io/git': 'host' }, { username: 'me', password: 'hidden\n' })
    expect(() => credentialsWith(secret).git({ scheme: 'https', host: 'host' })).toThrow(/^cannot use the Secret 'a' for git: its user or password contains a line break$/)
  })
})

describe('a Secret for blobs', () => {
  const blob = (name: string, data: Record<string, string>, host = 'host'): Secret => secretOf(name, 'Opaque', data, { 'kpack.io/blob': host })
  const find = (...secrets: Secret[]): string => credentialsWith(...secrets).blob(new URL('https://host:8443/x'))

  test.each([
    [{ username: 'me', password: 'p' }, `Basic ${Buffer.from('me:p').toString('base64')}`],
    [{ bearer: 't' }, 'Bearer t'],
    [{ authorization: 'Token x' }, 'Token x'],
  ])('is the header of %j', (data, header) => {
    expect(find(blob('a', data))).toBe(header)
  })

  test('is the first of the service account', () => {
    expect(find(blob('b', { bearer: 'b' }), blob('a', { bearer: 'a' }))).toBe('Bearer b')
  })

  test('has the messages of kpack', () => {
    expect(() => find(blob('a', { bearer: 'x' }, 'other'))).toThrow("no secrets matched for 'host'")
    expect(() => find(blob('a', { bearer: 'x' }, 'https://host'))).toThrow("no secrets matched for 'host'")
    expect(() => find(blob('a', {}))).toThrow("no auths found for 'a'")
    expect(() => find(blob('a', { bearer: 'x', username: 'y' }))).toThrow("multiple auths found for 'a', only one of username/password, bearer, authorization is allowed")
  })

  test('cannot contain a line break, and the error does not show it', () => {
    expect(() => find(blob('a', { bearer: 'hidden\n' }))).toThrow(/^cannot use the Secret 'a': its value contains a line break or another control character$/)
  })
})

describe('a Secret for registries', () => {
  const json = (name: string, auths: object): Secret => secretOf(name, 'kubernetes.io/dockerconfigjson', { '.dockerconfigjson': JSON.stringify({ auths }) })
  const login = (password: string): object => ({ username: 'me', password })
  const password = async (name: string, ...secrets: Secret[]): Promise<string | undefined> => (await credentialsWith(...secrets).registry(name))?.password

  test.each(['registry.example', 'https://registry.example', 'http://registry.example', 'https://registry.example/v1/', 'http://registry.example/v2/'])('matches the annotation %s', async (annotation) => {
    expect(await password('registry.example/team/app', basic('a', { 'kpack.io/docker': annotation }))).toBe('a')
    expect(await password('other.example/team/app', basic('a', { 'kpack.io/docker': annotation }))).toBeUndefined()
  })

  test('matches Docker Hub by its address', async () => {
    expect(await credentialsWith(basic('a', { 'kpack.io/docker': 'https://index.docker.io/v1/' })).registry('docker.io/library/x')).toEqual({
      username: 'me', password: 'a', serveraddress: 'https://index.docker.io/v1/',
    })
  })

  test('has entries of .dockerconfigjson or .dockercfg', async () => {
    expect(await password('r.example/x', json('a', { 'r.example': { auth: Buffer.from('me:p').toString('base64') } }))).toBe('p')
    expect(await password('r.example/x', secretOf('a', 'kubernetes.io/dockercfg', { '.dockercfg': JSON.stringify({ 'https://r.example': login('p') }) }))).toBe('p')
  })

  test('wins by the longest path, then as the first', async () => {
    const secrets = [json('b', { 'https://r.example': login('b') }), json('a', { 'r.example': login('a'), 'r.example/team': login('team') })]
    expect(await password('r.example/team/app', ...secrets)).toBe('team')
    expect(await password('r.example/other/app', ...secrets)).toBe('b')
  })

  test('is not shown by the error for a malformed one', () => {
    expect(() => credentialsWith(secretOf('a', 'kubernetes.io/dockerconfigjson', { '.dockerconfigjson': '{"auths": hidden' }))).toThrow(/^cannot read credentials from the Secret 'a': it is not valid JSON$/)
  })
})

describe('readCredentials', () => {
  const secrets = ['own', 'pull', 'source'].map((name) => basic(name, { 'kpack.io/docker': name === 'own' ? 'own.example' : 'r.example' }))
  const sources: CredentialSources = {
    serviceAccount: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'x' }, secrets: [{ name: 'own' }, { name: 'lost' }], imagePullSecrets: [{ name: 'pull' }, { name: 'own' }] },
    secret: (name) => secrets.find(({ metadata }) => metadata.name === name),
  }

  test('uses the Secrets for pulls last, those of the source before those of the service account', async () => {
    expect((await readCredentials(sources).registry('r.example/x'))?.password).toBe('pull')
    expect((await readCredentials({ ...sources, imagePullSecrets: [{ name: 'source' }] }).registry('r.example/x'))?.password).toBe('source')
    expect((await readCredentials(sources).registry('own.example/x'))?.password).toBe('own')
  })

  test('warns of a Secret that does not exist', () => {
    const events: CnbEvent[] = []
    readCredentials(sources, { events: (event) => void events.push(event) })
    expect(events).toEqual([{ type: 'warning', message: "the Secret 'lost' does not exist: continuing without its credentials" }])
  })

  test('is anonymous without a service account, or uses other credentials if they are given', async () => {
    const none = { serviceAccount: undefined, secret: () => undefined }
    expect(await readCredentials(none).registry('r.example/x')).toBeUndefined()
    expect(await readCredentials({ ...none, otherRegistries: async () => ({ username: 'local' }) }).registry('r.example/x')).toEqual({ username: 'local' })
  })
})
