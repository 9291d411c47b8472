import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { chmod, mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { makeTemporaryDirectory } from '../../../../src/base/files.ts'
import type { RegistryCredentials } from '../../../../src/registry/auth/auth-file.ts'
import { askCredentialHelper } from '../../../../src/registry/auth/credential-helper.ts'
import { makeKeychain } from '../../../../src/registry/auth/keychain.ts'

const encoded = (user: string, password: string): { auth: string } => ({ auth: Buffer.from(`${user}:${password}`).toString('base64') })
const HUB = 'https://index.docker.io/v1/'

async function directoryWith(files: Record<string, string | object>): Promise<string> {
  const directory = await makeTemporaryDirectory('cnb-test-')
  onTestFinished(() => directory[Symbol.asyncDispose]())
  for (const [name, content] of Object.entries(files)) {
    const path = join(directory.path, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
    if (name.startsWith('bin/')) await chmod(path, 0o755)
  }
  return directory.path
}

/** A credential helper: a Node program with the requested `server`. */
function helper(body: string): string {
  return `#!${process.execPath}
let server = ''
process.stdin.on('data', (chunk) => { server += chunk })
process.stdin.on('end', () => { ${body} })`
}

interface Found {
  credentials: RegistryCredentials | undefined
  warnings: string[]
}

async function lookUp(registry: string, files: Record<string, string | object>, env: Record<string, string> = {}): Promise<Found> {
  const home = await directoryWith(files)
  const warnings: string[] = []
  const keychain = makeKeychain({ env: { PATH: join(home, 'bin'), ...env }, home, warn: (message) => warnings.push(message) })
  return { credentials: await keychain(registry), warnings }
}

test('is anonymous without configuration', async () => {
  expect(await lookUp('registry.example', {})).toEqual({ credentials: undefined, warnings: [] })
})

test.each([
  ['auth, with colons in the password', encoded('u', 'p:q'), { username: 'u', password: 'p:q' }],
  ['username and password', { username: 'u', password: 'p' }, { username: 'u', password: 'p' }],
  ['an identity token', { ...encoded('<token>', ''), identitytoken: 't' }, { identitytoken: 't' }],
])('reads credentials from auths: %s', async (_, entry, credentials) => {
  const found = await lookUp('registry.example:5000', { '.docker/config.json': { auths: { 'registry.example:5000': entry } } })
  expect(found.credentials).toEqual({ ...credentials, serveraddress: 'registry.example:5000' })
})

const NONE: unknown[] = [{}, { auth: '' }, { auth: 'bm9jb2xvbg==' }, { auth: 7 }, 'text', null]

test.each(NONE)('ignores %j in auths', async (entry) => {
  const config = { auths: { 'registry.example': entry } }
  expect((await lookUp('registry.example', { '.docker/config.json': config })).credentials).toBeUndefined()
})

test('matches a host exactly, with or without a scheme and path in the file', async () => {
  const auths = { 'https://registry.example/v1/': encoded('u', 'p'), 'registry.example:5000': encoded('other', 'x') }
  const config = { '.docker/config.json': { auths } }
  expect((await lookUp('registry.example', config)).credentials).toMatchObject({ username: 'u' })
  for (const host of ['registry.example.evil', 'evil-registry.example', 'example', 'registry.example:443', 'my.registry.example']) {
    expect((await lookUp(host, config)).credentials).toBeUndefined()
  }
})

test.each(['docker.io', 'index.docker.io', 'registry-1.docker.io'])('finds credentials of docker login for %s', async (registry) => {
  const found = await lookUp(registry, { '.docker/config.json': { auths: { [HUB]: encoded('u', 'p') } } })
  expect(found.credentials).toEqual({ username: 'u', password: 'p', serveraddress: HUB })
})

const PATHS = {
  'r:5000': encoded('host', 'p'),
  'r:5000/team': encoded('team', 'p'),
  'r:5000/team/a': encoded('a', 'p'),
  'r:5000/team/a/deep/': encoded('deep', 'p'),
  'https://s/v1/': encoded('address', 'p'),
  's/v2/': encoded('schemeless', 'p'),
  'https://s/team/a': encoded('no path', 'p'),
  'docker.io/me': encoded('me', 'p'),
  [HUB]: encoded('hub', 'p'),
  'only/team': encoded('only', 'p'),
}

test.each([
  ['r:5000', 'host'],
  ['r:5000/team', 'team'],
  ['r:5000/other/a', 'host'],
  ['r:5000/teams', 'host'],
  ['r:5000/team/b', 'team'],
  ['r:5000/team/a', 'a'],
  ['r:5000/team/ab', 'team'],
  ['r:5000/team/a/x/y', 'a'],
  ['r:5000/team/a/deep/x', 'deep'],
  ['R:5000/team/a', 'a'],
  ['r/team/a', undefined],
  ['s/team/a', 'address'],
  ['docker.io/me/app', 'me'],
  ['index.docker.io/me/app', 'me'],
  ['docker.io/library/node', 'hub'],
  ['only/team/a', 'only'],
  ['only/other', undefined],
  ['only', undefined],
])('selects for %s the longest matching path: %s', async (name, user) => {
  for (const auths of [PATHS, Object.fromEntries(Object.entries(PATHS).reverse())]) {
    const found = (await lookUp(name, { '.docker/config.json': { auths } })).credentials?.username
    // Two keys of the same host are equivalent.
    expect(user === 'address' ? ['address', 'schemeless', 'no path'] : [user]).toContain(found)
  }
})

test('falls back from a path without credentials', async () => {
  const auths = { 'r/team/a': {}, 'r/team': encoded('team', 'p') }
  expect((await lookUp('r/team/a', { '.docker/config.json': { auths } })).credentials?.username).toBe('team')
})

test('prefers credHelpers, then paths in auths, then credsStore, and runs each once per server', async () => {
  const say = (user: string): string =>
    helper(`require('fs').appendFileSync(process.env.LOG, '${user} ' + server + '\\n'); console.log(JSON.stringify({ Username: '${user}', Secret: 'p' }))`)
  const config = {
    credHelpers: { h: 'one', 'h/team/b': 'two' },
    credsStore: 'all',
    auths: { 'h/team': encoded('file', 'p'), 'r/team': encoded('file', 'p') },
  }
  const files = Object.fromEntries(['one', 'two', 'all'].map((name) => [`bin/docker-credential-${name}`, say(name)]))
  const home = await directoryWith({ ...files, '.docker/config.json': config, log: '' })
  const keychain = makeKeychain({ env: { PATH: join(home, 'bin'), LOG: join(home, 'log') }, home })
  const names = ['h/team/a', 'h/team/c', 'h/team/b', 'h/team/b/c', 'r/team/x', 'r/x', 'r/y']
  const users = []
  for (const name of names) users.push((await keychain(name))?.username)
  expect(users).toEqual(['one', 'one', 'two', 'two', 'file', 'all', 'all'])
  expect((await readFile(join(home, 'log'), 'utf8')).split('\n')).toEqual(['one h', 'two h/team/b', 'all r', ''])
})

test('selects the longest path in CNB_REGISTRY_AUTH', async () => {
  const basic = (user: string): string => `Basic ${Buffer.from(`${user}:p`).toString('base64')}`
  const env = headers({ r: basic('host'), 'r/team': basic('team') })
  expect((await lookUp('r/team/a', {}, env)).credentials?.username).toBe('team')
  expect((await lookUp('r/other', {}, env)).credentials?.username).toBe('host')
})

test('prefers DOCKER_AUTH_CONFIG, then DOCKER_CONFIG, then the files of Podman', async () => {
  const file = (user: string): object => ({ auths: { r: encoded(user, 'p') } })
  const home = await directoryWith({
    'docker/config.json': file('docker'),
    'registry-auth.json': file('registry-auth'),
    'run/containers/auth.json': file('run'),
    '.config/containers/auth.json': file('config'),
  })
  const env: Record<string, string | undefined> = {
    DOCKER_AUTH_CONFIG: JSON.stringify(file('inline')),
    DOCKER_CONFIG: join(home, 'docker'),
    REGISTRY_AUTH_FILE: join(home, 'registry-auth.json'),
    XDG_RUNTIME_DIR: join(home, 'run'),
  }
  const users: unknown[] = []
  for (const name of [undefined, ...Object.keys(env)]) {
    if (name !== undefined) env[name] = undefined
    users.push((await makeKeychain({ env: { ...env }, home })('r'))?.username)
  }
  expect(users).toEqual(['inline', 'docker', 'registry-auth', 'run', 'config'])
})

test('prefers credHelpers, then credsStore, then auths, with fallback', async () => {
  const say = (user: string): string => helper(`console.log(JSON.stringify({ Username: '${user}', Secret: server }))`)
  const files = {
    'bin/docker-credential-one': say('one'),
    'bin/docker-credential-all': say('all'),
    'bin/docker-credential-none': helper("console.log('credentials not found in native keychain'); process.exitCode = 1"),
  }
  const lookUpWith = async (registry: string, config: object): Promise<RegistryCredentials | undefined> => {
    const found = await lookUp(registry, { ...files, '.docker/config.json': config })
    expect(found.warnings).toEqual([])
    return found.credentials
  }
  const auths = { r: encoded('file', 'p') }
  const own = await lookUpWith('r', { credHelpers: { r: 'one' }, credsStore: 'all', auths })
  expect(own).toEqual({ username: 'one', password: 'r', serveraddress: 'r' })
  expect(await lookUpWith('s', { credHelpers: { r: 'one' }, credsStore: 'all', auths })).toMatchObject({ username: 'all' })
  expect(await lookUpWith('r', { credHelpers: { r: 'none' }, credsStore: 'none', auths })).toMatchObject({ username: 'file' })
  expect(await lookUpWith('docker.io', { credsStore: 'all' })).toMatchObject({ password: HUB, serveraddress: HUB })
})

test("returns a helper's token as an identity token", async () => {
  const files = {
    'bin/docker-credential-x': helper("process.stdout.write(JSON.stringify({ Username: '<token>', Secret: 't' }))"),
    '.docker/config.json': { credsStore: 'x' },
  }
  expect((await lookUp('r', files)).credentials).toEqual({ identitytoken: 't', serveraddress: 'r' })
})

test.each([
  ['is missing', {}, 'x', 'not on the PATH'],
  ['fails', { 'bin/docker-credential-x': helper("console.log('s3cret'); process.exitCode = 2") }, 'x', 'exit code 2'],
  ['answers nonsense', { 'bin/docker-credential-x': helper("console.log('{s3cret')") }, 'x', 'did not return credentials'],
  ['has a name that is a path', {}, '../x', 'not the name'],
])('warns about a helper that %s without its output, and continues anonymously', async (_, files, name, why) => {
  const found = await lookUp('r', { ...files, '.docker/config.json': { credsStore: name } })
  expect(found.credentials).toBeUndefined()
  expect(found.warnings).toHaveLength(1)
  expect(found.warnings[0]).toContain(why)
  expect(found.warnings[0]).not.toContain('s3cret')
})

test('stops a helper at the time limit', async () => {
  const home = await directoryWith({ 'bin/docker-credential-x': helper('setInterval(() => {}, 1000)') })
  await expect(askCredentialHelper('x', 'r', { env: { PATH: join(home, 'bin') }, timeLimitMs: 200 })).rejects.toThrow('did not reply within 0.2 s')
})

/** A shell script as the helper `x`, which may start a background process; `$PID` is its process ID. */
async function shellHelper(script: string): Promise<{ env: Record<string, string> }> {
  const home = await directoryWith({ 'bin/docker-credential-x': `#!/bin/sh\n${script}` })
  const pid = join(home, 'pid')
  onTestFinished(async () => {
    const left = Number(await readFile(pid, 'utf8').catch(() => ''))
    if (left > 0) process.kill(left)
  })
  return { env: { PATH: `${join(home, 'bin')}:/usr/bin:/bin`, PID: pid } }
}

test('returns after the helper ended, despite a background process with its output open', async () => {
  const options = await shellHelper(`sleep 1000 & echo $! >"$PID"; printf '{"Username":"u","Secret":"s"}'`)
  expect(await askCredentialHelper('x', 'r', options)).toEqual({ username: 'u', secret: 's' })
  const without = await shellHelper('sleep 1000 & echo $! >"$PID"; echo credentials not found in native keychain; exit 1')
  expect(await askCredentialHelper('x', 'r', without)).toBeUndefined()
})

test('applies the time limit despite a background process', async () => {
  const options = await shellHelper('sleep 1000 & echo $! >"$PID"')
  await expect(askCredentialHelper('x', 'r', { ...options, timeLimitMs: 200 })).rejects.toThrow('did not reply within 0.2 s')
})

test('stops a helper with endless output', async () => {
  await expect(askCredentialHelper('x', 'r', await shellHelper('exec yes'))).rejects.toThrow('printed more than 1 MiB')
})

test('stops waiting for a helper on an abort', async () => {
  const stopping = new AbortController()
  const { env } = await shellHelper('echo yes >"$PID.started"; exec sleep 1000')
  const watching = watch(dirname(env.PID ?? ''))
  const started = once(watching, 'change')
  const asking = askCredentialHelper('x', 'r', { env, signal: stopping.signal })
  await started
  watching.close()
  stopping.abort()
  await expect(asking).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
})

test.each([
  ['a pipe', (path: string) => promisify(execFile)('mkfifo', [path]), 'is a pipe, not a file'],
  ['a directory', (path: string) => mkdir(path), 'is a directory'],
  ['a device without an end', (path: string) => symlink('/dev/zero', path), 'is larger than 4 MiB'],
  ['a large file', (path: string) => writeFile(path, '').then(() => truncate(path, 2 ** 40)), 'is larger than 4 MiB'],
])('rejects %s instead of a credentials file, with its path', async (_title, make, why) => {
  const home = await directoryWith({})
  for (const [name, env] of [['config.json', { DOCKER_CONFIG: home }], ['containers/auth.json', { XDG_CONFIG_HOME: home }]] as const) {
    const path = join(home, name)
    await mkdir(dirname(path), { recursive: true })
    await make(path)
    await expect(makeKeychain({ env, home })('r')).rejects.toMatchObject({ code: 'CNB_USAGE', message: `cannot read the credentials in ${path}: ${why}` })
    await rm(path, { recursive: true })
  }
})

test('reads no credentials from /dev/null', async () => {
  expect(await makeKeychain({ env: { REGISTRY_AUTH_FILE: '/dev/null' }, home: '/nonexistent' })('r')).toBeUndefined()
})

test('reads a file once', async () => {
  const home = await directoryWith({ '.docker/config.json': { auths: { r: encoded('before', 'p') } } })
  const keychain = makeKeychain({ env: {}, home })
  await keychain('r')
  await writeFile(join(home, '.docker/config.json'), '{}')
  expect(await keychain('r')).toMatchObject({ username: 'before' })
  expect(await keychain('r/other')).toMatchObject({ username: 'before' })
})

test('reports a file that is not JSON without its content', async () => {
  const error = await lookUp('r', { '.docker/config.json': '{"auths":{"r":{"auth":"c2VjcmV0"}' }).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'CNB_USAGE' })
  expect(String(error)).toContain('config.json')
  expect(JSON.stringify(error) + String(error)).not.toContain('c2V')
})

const headers = (entries: Record<string, string>): Record<string, string> => ({ CNB_REGISTRY_AUTH: JSON.stringify(entries) })
const BASIC = `Basic ${Buffer.from('env:p:q').toString('base64')}`

test('prefers CNB_REGISTRY_AUTH for its hosts over all files', async () => {
  const files = { '.docker/config.json': { auths: { r: encoded('file', 'p'), s: encoded('file', 'p') } } }
  const env = { ...headers({ r: BASIC, 'index.docker.io': BASIC }), DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { r: encoded('inline', 'p') } }) }
  expect((await lookUp('r', files, env)).credentials).toEqual({ username: 'env', password: 'p:q', serveraddress: 'r' })
  expect((await lookUp('s', files, env)).credentials).toMatchObject({ username: 'file' })
  expect((await lookUp('docker.io', files, env)).credentials).toMatchObject({ username: 'env', serveraddress: HUB })
})

test('accepts a token in CNB_REGISTRY_AUTH, and the scheme in any case', async () => {
  expect((await lookUp('r', {}, headers({ r: 'bearer t0ken' }))).credentials).toEqual({ registrytoken: 't0ken', serveraddress: 'r' })
})

test.each([
  ['invalid JSON', '{"r":"Basic s3cret"'],
  ['no object', '["s3cret"]'],
  ['another scheme', JSON.stringify({ r: 'Digest s3cret' })],
  ['no header', JSON.stringify({ r: { password: 's3cret' } })],
  ['no pair', JSON.stringify({ r: 'Basic s3cret' })],
])('rejects CNB_REGISTRY_AUTH with %s without its content', async (_, value) => {
  const error = await lookUp('r', {}, { CNB_REGISTRY_AUTH: value }).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'CNB_USAGE' })
  expect(String(error) + JSON.stringify(error)).not.toContain('s3cret')
})
