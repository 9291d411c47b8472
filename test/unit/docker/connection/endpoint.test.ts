import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { makeTemporaryDirectory } from '../../../../src/base/files.ts'
import { resolveEndpoint, type Endpoint, type EndpointQuery } from '../../../../src/docker/connection/endpoint.ts'

/** Creates a home directory with files. */
async function homeWith(files: Record<string, string | object> = {}): Promise<string> {
  const directory = await makeTemporaryDirectory('cnb-test-')
  onTestFinished(() => directory[Symbol.asyncDispose]())
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory.path, name)), { recursive: true })
    await writeFile(join(directory.path, name), typeof content === 'string' ? content : JSON.stringify(content))
  }
  return directory.path
}

function contextFiles(name: string, docker: object, tls: Record<string, string> = {}): Record<string, string | object> {
  const id = createHash('sha256').update(name).digest('hex')
  return {
    [`.docker/contexts/meta/${id}/meta.json`]: { Name: name, Endpoints: { docker } },
    ...Object.fromEntries(Object.entries(tls).map(([file, content]) => [`.docker/contexts/tls/${id}/docker/${file}`, content])),
  }
}

async function resolve(query: Partial<EndpointQuery>): Promise<Endpoint> {
  return resolveEndpoint({ env: {}, home: await homeWith(), ...query })
}

test('prefers the command line, then DOCKER_HOST, DOCKER_CONTEXT and the current context', async () => {
  const home = await homeWith({
    '.docker/config.json': { currentContext: 'current' },
    ...contextFiles('current', { Host: 'unix:///current.sock' }),
    ...contextFiles('chosen', { Host: 'unix:///chosen.sock' }),
  })
  const everything = { DOCKER_HOST: 'unix:///host.sock', DOCKER_CONTEXT: 'chosen' }
  const addressOf = async (query: Partial<EndpointQuery>): Promise<string> => (await resolve({ home, ...query })).address
  expect(await addressOf({ env: everything, host: 'unix:///given.sock' })).toBe('unix:///given.sock')
  expect(await addressOf({ env: everything, context: 'current' })).toBe('unix:///current.sock')
  expect(await addressOf({ env: everything })).toBe('unix:///host.sock')
  expect(await addressOf({ env: { DOCKER_CONTEXT: 'chosen' } })).toBe('unix:///chosen.sock')
  expect(await addressOf({})).toBe('unix:///current.sock')
})

test('reports the origin of the address', async () => {
  const home = await homeWith({ '.docker/config.json': { currentContext: 'mine' }, ...contextFiles('mine', { Host: 'unix:///x.sock' }) })
  expect((await resolve({ home })).origin).toBe("the Docker context 'mine' (currentContext of config.json)")
  expect((await resolve({ env: { DOCKER_HOST: 'unix:///x.sock' } })).origin).toBe('DOCKER_HOST')
})

test('reads DOCKER_CONFIG, and ignores the context default', async () => {
  const home = await homeWith({
    'elsewhere/config.json': { currentContext: 'default' },
    '.docker/config.json': { currentContext: 'absent' },
  })
  expect((await resolve({ home, env: { DOCKER_CONFIG: join(home, 'elsewhere') } })).origin).toBe('the default')
})

test('uses the first existing socket by default, and reports the usual one if none exists', async () => {
  const home = await homeWith({ '.docker/run/docker.sock': '', '.colima/default/docker.sock': '' })
  const found = (await resolve({ home })).address
  expect(['unix:///var/run/docker.sock', 'unix:///run/podman/podman.sock', `unix://${home}/.docker/run/docker.sock`]).toContain(found)
  const runtime = await homeWith({ 'podman/podman.sock': '' })
  expect((await resolve({ env: { XDG_RUNTIME_DIR: runtime } })).address).toMatch(/docker\.sock$|podman\.sock$/)
  expect((await resolve({ windows: true })).transport).toEqual({ kind: 'socket', path: '\\\\.\\pipe\\docker_engine' })
})

test.each([
  ['unix:///run/x.sock', { kind: 'socket', path: '/run/x.sock' }],
  ['npipe:////./pipe/docker_engine', { kind: 'socket', path: '\\\\.\\pipe\\docker_engine' }],
  ['tcp://engine.example', { kind: 'tcp', host: 'engine.example', port: 2375 }],
  ['tcp://engine.example:80', { kind: 'tcp', host: 'engine.example', port: 80 }],
  ['tcp://[::1]:2375', { kind: 'tcp', host: '::1', port: 2375 }],
  ['https://engine.example', { kind: 'tcp', host: 'engine.example', port: 2376, tls: { verify: true } }],
  ['ssh://me@engine.example:2222', { kind: 'ssh', host: 'engine.example', user: 'me', port: '2222' }],
  ['ssh://engine.example/run/user/1000/docker.sock', { kind: 'ssh', host: 'engine.example', socket: '/run/user/1000/docker.sock' }],
])('parses %s', async (address, transport) => {
  expect((await resolve({ env: { DOCKER_HOST: address } })).transport).toEqual(transport)
})

test.each([
  ['fd://', "scheme 'fd'"],
  ['127.0.0.1:2375', 'no scheme'],
  ['unix://relative.sock', 'absolute'],
  ['tcp://', ''],
  ['tcp://host:99999', 'not a URL'],
  ['ssh://me:secret@host', 'password'],
  ['ssh://host?x', 'query'],
])('rejects %s as a usage error, without a password in the message', async (address, why) => {
  const error = await resolve({ env: { DOCKER_HOST: address } }).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'CNB_USAGE' })
  expect(String(error)).toContain(why)
  expect(String(error)).not.toContain('secret')
})

test('enables TLS with DOCKER_CERT_PATH for any value of DOCKER_TLS_VERIFY, except for a socket', async () => {
  const home = await homeWith({ 'certs/ca.pem': 'CA', 'certs/cert.pem': 'CERT', 'certs/key.pem': 'KEY' })
  const env = { DOCKER_TLS_VERIFY: 'yes', DOCKER_CERT_PATH: join(home, 'certs') }
  const { transport } = await resolve({ env: { ...env, DOCKER_HOST: 'tcp://h:2376' } })
  const tls = { ca: Buffer.from('CA'), cert: Buffer.from('CERT'), key: Buffer.from('KEY'), verify: true }
  expect(transport).toEqual({ kind: 'tcp', host: 'h', port: 2376, tls })
  expect((await resolve({ env: { ...env, DOCKER_HOST: 'unix:///x' } })).transport).toEqual({ kind: 'socket', path: '/x' })
  const missing = resolve({ env: { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/nonexistent', DOCKER_HOST: 'tcp://h:2376' } })
  await expect(missing).rejects.toMatchObject({ code: 'CNB_USAGE' })
})

test.each(['a pipe', 'a directory', 'an endless file'])('rejects %s instead of a certificate, with its path', async (what) => {
  const home = await homeWith({ 'certs/key.pem': 'KEY' })
  const file = join(home, 'certs/ca.pem')
  if (what === 'a pipe') await promisify(execFile)('mkfifo', [file])
  else if (what === 'a directory') await mkdir(file)
  else await symlink('/dev/zero', file)
  const env = { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: join(home, 'certs'), DOCKER_HOST: 'tcp://h:2376' }
  await expect(resolve({ env })).rejects.toMatchObject({ code: 'CNB_USAGE', message: expect.stringContaining(`cannot read ${file}`) as string })
})

test('reads the TLS material of a context', async () => {
  const home = await homeWith({
    ...contextFiles('secure', { Host: 'tcp://h:2376' }, { 'ca.pem': 'CA' }),
    ...contextFiles('lax', { Host: 'tcp://h:2376', SkipTLSVerify: true }),
    ...contextFiles('plain', { Host: 'tcp://h:2375' }),
  })
  const tlsOf = async (context: string): Promise<unknown> => ((await resolve({ home, context })).transport as { tls?: unknown }).tls
  expect(await tlsOf('secure')).toEqual({ ca: Buffer.from('CA'), verify: true })
  expect(await tlsOf('lax')).toEqual({ verify: false })
  expect(await tlsOf('plain')).toBeUndefined()
})

test('rejects a context that is missing or has no engine address', async () => {
  const home = await homeWith(contextFiles('empty', {}))
  await expect(resolve({ home, context: 'absent' })).rejects.toMatchObject({ code: 'CNB_USAGE' })
  await expect(resolve({ home, context: 'empty' })).rejects.toMatchObject({ code: 'CNB_USAGE' })
})

test('reports a malformed config.json without its content', async () => {
  const home = await homeWith({ '.docker/config.json': '{"auths":{"r":{"auth":"c2VjcmV0"},}' })
  const error = await resolve({ home }).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'CNB_USAGE' })
  expect(String(error)).toContain('config.json')
  expect(String(error).replaceAll(home, '')).not.toContain('c2V')
})
