/** Credentials for git over https: who receives them, and where they never are. */

import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../src/base/files.ts'
import type { SourceCredentials } from '../../../src/sources/credentials/credentials.ts'
import type { FetchedSource, SourceServices } from '../../../src/sources/source.ts'
import { Sources } from '../../../src/sources/sources.ts'
import { makeCertificate, type Certificate } from '../../support/registry/certificate.ts'
import { containing } from '../../support/matching.ts'
import { GIT_ENV, makeIndex, type TestIndex } from '../../support/registry/index-repository.ts'
import { serveGit, type GitHttp, type GitHttpOptions } from '../../support/sources/git-http.ts'
import { credentialsWith, secretOf, sourceServices, withTemporary, type TestServices } from '../../support/sources/services.ts'

const PASSWORD = 'pa:ss w@rd%/secret'
const LOGIN = { username: 'me', password: PASSWORD }
const HEADER = `Basic ${Buffer.from(`me:${PASSWORD}`).toString('base64')}`

let certificate: Certificate
beforeAll(async () => void (certificate = await makeCertificate()))
afterAll(() => certificate[Symbol.asyncDispose]())

let directory: TemporaryDirectory
let repository: TestIndex
let running: TestServices
let servers: GitHttp[]
beforeEach(async () => {
  directory = await makeTemporaryDirectory()
  repository = makeIndex(join(directory.path, 'repositories/app'))
  repository.commit('main.go', 'package main')
  running = sourceServices(directory.path)
  servers = []
})
afterEach(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]()
  await running[Symbol.asyncDispose]()
  await directory[Symbol.asyncDispose]()
})

const serve = async (options: GitHttpOptions = {}): Promise<GitHttp> => {
  const server = await serveGit(join(directory.path, 'repositories'), { certificate, ...options })
  servers.push(server)
  return server
}
const secretFor = (...servers: GitHttp[]): SourceCredentials =>
  credentialsWith(...servers.map((server, index) => secretOf(`s${index}`, 'kubernetes.io/basic-auth', LOGIN, { 'kpack.io/git': server.origin })))

interface Run extends Partial<SourceServices> {
  credentials: SourceCredentials
  submodules?: boolean
}
/** Resolves and fetches `main` in a new round. */
const run = async (url: string, { credentials, submodules = false, ...more }: Run): Promise<FetchedSource> => {
  const { services } = running
  const sources = new Sources({ ...services, ca: [Buffer.from(certificate.ca)], ...more })
  const resolved = await sources.resolve({ git: { url, revision: 'main', initializeSubmodules: submodules } }, credentials, {}, running.context)
  const target = join(directory.path, `target${Math.random()}`)
  await mkdir(target)
  return sources.fetch(resolved, target, credentials, running.context)
}
const main = async ({ path }: FetchedSource): Promise<string> => readFile(join(path, 'main.go'), 'utf8')
const headers = ({ seen }: GitHttp): Set<string | undefined> => new Set(seen.map(({ authorization }) => authorization))
/** Logs the arguments of a program and runs it. */
const log = (): string => join(directory.path, 'arguments')
const watched = async (...names: string[]): Promise<Record<string, string>> => {
  const bin = join(directory.path, 'bin')
  await mkdir(bin)
  for (const name of names) {
    await writeFile(join(bin, name), `#!/bin/sh\nprintf '%s\\n' "$0" "$@" >>${log()}\nPATH='${GIT_ENV.PATH}' exec ${name} "$@"\n`)
    await chmod(join(bin, name), 0o755)
  }
  return { ...GIT_ENV, PATH: `${bin}:${GIT_ENV.PATH}` }
}

describe('a Secret for git', () => {
  test('opens a repository at https, with an authority of --ca-cert', async () => {
    const server = await serve({ login: LOGIN })
    expect(await main(await run(`${server.origin}/app`, { credentials: secretFor(server) }))).toBe('package main')
    expect(running.events).toContainEqual(expect.objectContaining({ type: 'decision', outcome: "Secret 's0'" }))
  })

  test('is proposed by the error without one', async () => {
    const server = await serve({ login: LOGIN })
    await expect(run(`${server.origin}/app`, { credentials: credentialsWith() })).rejects.toMatchObject({
      code: 'CNB_SOURCE_FAILED',
      hint: containing(`kubernetes.io/basic-auth with the annotation kpack.io/git: ${server.origin}`),
    })
  })

  test('occurs in no argument of a program, and in no file', async () => {
    const server = await serve({ login: LOGIN })
    const temporary = join(directory.path, 'temporary')
    await mkdir(temporary)
    const env = await watched('git', 'sh')
    const { path } = await withTemporary(temporary, () => run(`${server.origin}/app`, { credentials: secretFor(server), env }))
    const found = await readFile(log(), 'utf8')
    expect(found).toContain('ls-remote')
    expect(found).not.toMatch(/pa:ss|cGE6c3/)
    expect(await readdir(path)).toEqual(['main.go'])
    expect(await readdir(temporary)).toEqual([])
    expect(JSON.stringify(running.events)).not.toContain('pa:ss')
  })

  test('is needless for a login in the address, which occurs in no argument and no metadata', async () => {
    const server = await serve({ login: LOGIN })
    const url = `${server.origin.replace('//', `//me:${encodeURIComponent(PASSWORD)}@`)}/app`
    const fetched = await run(url, { credentials: credentialsWith(), env: await watched('git') })
    expect(await main(fetched)).toBe('package main')
    expect(await readFile(log(), 'utf8')).not.toContain(encodeURIComponent(PASSWORD))
    expect(JSON.stringify([fetched, running.events])).not.toContain(encodeURIComponent(PASSWORD))
  })

  test('is not sent to a host to which the server redirects', async () => {
    const other = await serve({ login: LOGIN })
    const server = await serve({
      login: LOGIN,
      intercept: ({ url = '', headers: { authorization } }, response) => {
        if (authorization === undefined) return false
        response.writeHead(302, { location: `${other.origin}${url}` }).end()
        return true
      },
    })
    await expect(run(`${server.origin}/app`, { credentials: secretFor(server) })).rejects.toMatchObject({ code: 'CNB_SOURCE_FAILED' })
    expect(headers(server)).toContain(HEADER)
    expect(headers(other)).toEqual(new Set([undefined]))
  })

  test('is not sent to a host to which the server redirects at once', async () => {
    const other = await serve({ login: LOGIN })
    const server = await serve({ intercept: ({ url = '' }, response) => Boolean(response.writeHead(302, { location: `${other.origin}${url}` }).end()) })
    await expect(run(`${server.origin}/app`, { credentials: secretFor(server) })).rejects.toMatchObject({ code: 'CNB_SOURCE_FAILED' })
    expect(headers(other)).toEqual(new Set([undefined]))
  })

  test('allows no redirect from https to http', async () => {
    const plain = await serveGit(join(directory.path, 'repositories'))
    servers.push(plain)
    const server = await serve({ intercept: ({ url = '' }, response) => Boolean(response.writeHead(302, { location: `${plain.origin}${url}` }).end()) })
    await expect(run(`${server.origin}/app`, { credentials: secretFor(server) })).rejects.toMatchObject({ code: 'CNB_SOURCE_FAILED' })
    expect(plain.seen).toEqual([])
  })

  test('is sent after a redirect on the same host', async () => {
    const server = await serve({
      login: LOGIN,
      intercept: ({ url = '' }, response) => {
        if (!url.startsWith('/old')) return false
        response.writeHead(301, { location: `${server.origin}${url.replace('/old', '/app')}` }).end()
        return true
      },
    })
    expect(await main(await run(`${server.origin}/old`, { credentials: secretFor(server) }))).toBe('package main')
  })

  test('is not in the error if the server repeats it', async () => {
    const server = await serve({
      intercept: ({ headers: { authorization } }, response) => {
        const isIn = authorization !== undefined
        response.writeHead(isIn ? 403 : 401, { 'www-authenticate': 'Basic realm="x"', 'content-type': 'text/plain' })
        response.end(isIn ? `denied: ${authorization} ${PASSWORD}\n` : '')
        return true
      },
    })
    const error = await run(`${server.origin}/app`, { credentials: secretFor(server) }).catch((thrown: unknown) => thrown as Error)
    expect(error).toMatchObject({ code: 'CNB_SOURCE_FAILED' })
    expect(`${(error as Error).message}${String((error as Error).cause)}`).not.toMatch(/pa:ss|cGE6c3|bWU6/)
  })

  test('is removed from the words of git', async () => {
    const server = await serve({ intercept: (_request, response) => Boolean(response.writeHead(404).end()) })
    const credentials = credentialsWith(secretOf('s', 'kubernetes.io/basic-auth', { username: 'me', password: 'app' }, { 'kpack.io/git': server.origin }))
    await expect(run(`${server.origin}/app`, { credentials })).rejects.toMatchObject({ message: containing(`repository '${server.origin}/***/' not found`) })
  })

  test('opens submodules on its host, and no others', async () => {
    const library = makeIndex(join(directory.path, 'repositories/library'))
    library.commit('lib.go', 'package lib')
    const other = await serve({ login: { username: 'me', password: 'other' } })
    const server = await serve({ login: LOGIN })
    for (const [name, value] of [['path', 'lib'], ['url', `${other.origin}/library`]] as const) repository.git('config', '--file', '.gitmodules', `submodule.lib.${name}`, value)
    repository.git('update-index', '--add', '--cacheinfo', `160000,${library.git('rev-parse', 'HEAD').trim()},lib`)
    repository.git('add', '.gitmodules')
    repository.git('commit', '--quiet', '--message', 'submodule')
    const url = `${server.origin}/app`
    await expect(run(url, { credentials: secretFor(server), submodules: true })).rejects.toMatchObject({ message: containing(`cannot read ${other.origin}/library`) })
    expect(headers(other)).toEqual(new Set([undefined]))
    const both = credentialsWith(
      secretOf('a', 'kubernetes.io/basic-auth', { username: 'me', password: 'other' }, { 'kpack.io/git': other.origin }),
      secretOf('b', 'kubernetes.io/basic-auth', LOGIN, { 'kpack.io/git': server.origin }),
    )
    const { path } = await run(url, { credentials: both, submodules: true })
    expect(await readdir(join(path, 'lib'))).toEqual(['lib.go'])
  })

  test('does not change the environment of this process', async () => {
    const server = await serve({ login: LOGIN })
    const before = { ...process.env }
    await run(`${server.origin}/app`, { credentials: secretFor(server) })
    expect(process.env).toEqual(before)
  })
})

describe("the user's configuration", () => {
  const withHome = async (server: GitHttp): Promise<Record<string, string>> => {
    const home = join(directory.path, 'home')
    await mkdir(home)
    await writeFile(join(home, '.netrc'), `machine ${new URL(server.origin).hostname} login me password ${'plain'}\n`)
    await writeFile(join(home, '.gitconfig'), `[credential]\n\thelper = "!f() { echo username=me; echo password=plain; }; f"\n[http]\n\tsslCAInfo = ${certificate.caPath}\n`)
    return { PATH: GIT_ENV.PATH, HOME: home }
  }
  const own = { login: { username: 'me', password: 'plain' } }

  test('is not used without permission', async () => {
    const server = await serve(own)
    await expect(run(`${server.origin}/app`, { credentials: credentialsWith(), ca: [], env: await withHome(server) })).rejects.toMatchObject({ code: 'CNB_SOURCE_FAILED' })
    expect(headers(server)).toEqual(new Set([undefined]))
  })

  test('is used with permission', async () => {
    const server = await serve(own)
    expect(await main(await run(`${server.origin}/app`, { credentials: credentialsWith(), ca: [], env: await withHome(server), useLocalCredentials: true }))).toBe('package main')
    expect(running.events).toContainEqual(expect.objectContaining({ type: 'decision', outcome: "the user's credentials" }))
  })

  test('has the proxy and the authority, but not the credentials, for a Secret', async () => {
    const server = await serve({ login: LOGIN })
    const env = await withHome(server)
    expect(await main(await run(`${server.origin}/app`, { credentials: secretFor(server), ca: [], env, useLocalCredentials: true }))).toBe('package main')
    await writeFile(join(env.HOME!, '.gitconfig'), `[http]\n\tproxy = http://127.0.0.1:1\n`)
    await expect(run(`${server.origin}/app`, { credentials: secretFor(server), env })).rejects.toMatchObject({ message: containing('127.0.0.1 port 1') })
  })
})

describe('an old server', () => {
  test('has a commit fetched with all branches if it sends only those', async () => {
    const first = repository.git('rev-parse', 'HEAD').trim()
    repository.commit('second', 'x')
    const server = await serve({ old: true })
    const sources = new Sources({ ...running.services, ca: [Buffer.from(certificate.ca)] })
    const target = join(directory.path, 'target')
    await mkdir(target)
    const { path } = await sources.fetch({ git: { url: `${server.origin}/app`, revision: first, type: 'Commit' } }, target, credentialsWith())
    expect(await readdir(path)).toEqual(['main.go'])
  })

  test('is an error if no branch has the commit', async () => {
    const first = repository.git('rev-parse', 'HEAD').trim()
    repository.git('commit', '--quiet', '--amend', '--message', 'new')
    const server = await serve({ old: true })
    const sources = new Sources({ ...running.services, ca: [Buffer.from(certificate.ca)] })
    const target = join(directory.path, 'target')
    await mkdir(target)
    await expect(sources.fetch({ git: { url: `${server.origin}/app`, revision: first, type: 'Commit' } }, target, credentialsWith())).rejects.toMatchObject({
      message: containing(`the server does not have the commit ${first}`),
    })
  })
})
