import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../src/base/files.ts'
import type { SourceConfig } from '../../../src/resources/kinds/parts.ts'
import type { ResolvedSource, ResolveOptions, SourceServices } from '../../../src/sources/source.ts'
import { Sources } from '../../../src/sources/sources.ts'
import { containing } from '../../support/matching.ts'
import { GIT_ENV, makeIndex, type TestIndex } from '../../support/registry/index-repository.ts'
import { startDaemon } from '../../support/sources/git-daemon.ts'
import { credentialsWith, sourceServices, type TestServices } from '../../support/sources/services.ts'

let directory: TemporaryDirectory
let repository: TestIndex
let running: TestServices
let sources: Sources
const restart = (more: Partial<SourceServices> = {}): void => {
  running = sourceServices(directory.path, more)
  sources = new Sources(running.services)
}
beforeEach(async () => {
  directory = await makeTemporaryDirectory()
  repository = makeIndex(join(directory.path, 'app'))
  repository.commit('main.go', 'package main')
  restart()
})
afterEach(async () => {
  await running[Symbol.asyncDispose]()
  await directory[Symbol.asyncDispose]()
})

const head = (ref = 'HEAD'): string => repository.git('rev-parse', ref).trim()
const anonymous = credentialsWith()
const resolve = (revision: string, more: Partial<SourceConfig> & { url?: string } = {}, options: ResolveOptions = {}): Promise<ResolvedSource> => {
  const { url = repository.path, ...rest } = more
  return sources.resolve({ git: { url, revision }, ...rest }, anonymous, options, running.context)
}
let targets = 0
const fetch = async (git: Partial<NonNullable<ResolvedSource['git']>> = {}): Promise<string> => {
  const target = join(directory.path, `target-${targets++}`)
  await mkdir(target)
  const { path } = await sources.fetch({ git: { url: repository.path, revision: head(), type: 'Commit', ...git } }, target, anonymous, running.context)
  return path
}
const listed = async (path: string): Promise<string[]> => (await readdir(path, { recursive: true })).sort()

describe('the resolution of a git source', () => {
  test('finds the commits of branches, tags and other refs, by short and full names', async () => {
    const first = head()
    repository.git('tag', 'light')
    repository.git('tag', '--annotate', '--message', 'x', 'v1')
    repository.commit('second', 'x')
    repository.git('update-ref', 'refs/pull/1/head', first)
    const url = repository.path
    expect(await resolve('main')).toEqual({ git: { url, revision: head(), type: 'Branch' } })
    expect(await resolve('refs/heads/main')).toEqual({ git: { url, revision: head(), type: 'Branch' } })
    for (const revision of ['light', 'v1', 'refs/tags/v1']) expect(await resolve(revision)).toEqual({ git: { url, revision: first, type: 'Tag' } })
    for (const revision of ['pull/1/head', 'refs/pull/1/head']) expect(await resolve(revision)).toEqual({ git: { url, revision: first, type: 'Unknown' } })
    expect(await resolve('HEAD')).toEqual({ git: { url, revision: head(), type: 'Unknown' } })
  })

  test('prefers a branch to a tag of the same name', async () => {
    repository.git('tag', 'main')
    repository.commit('second', 'x')
    expect((await resolve('main')).git).toMatchObject({ revision: head('refs/heads/main'), type: 'Branch' })
  })

  test('uses a commit without a request', async () => {
    const commit = 'A'.repeat(40)
    expect(await resolve(commit, { url: 'https://127.0.0.1:1/x' })).toEqual({ git: { url: 'https://127.0.0.1:1/x', revision: 'a'.repeat(40), type: 'Commit' } })
  })

  test.each([
    ['mian', 'Use a branch, a tag or a commit, such as "main".'],
    ['production', 'Use a branch, a tag or a commit, such as "main".'],
    ['abcdef1', 'Write all digits of the commit.'],
  ])('refuses the revision %s with advice', async (revision, hint) => {
    await expect(resolve(revision)).rejects.toMatchObject({
      code: 'CNB_SOURCE_FAILED',
      message: `cannot find the revision '${revision}' in ${repository.path}: no branch or tag has this name`,
      hint,
    })
  })

  test.each(['https://127.0.0.1:1/x', 'git://127.0.0.1:1/x', '/nowhere/x'])('fails for the unreachable remote %s', async (url) => {
    await expect(resolve('main', { url })).rejects.toMatchObject({ code: 'CNB_SOURCE_FAILED', message: containing(`cannot read ${url}: `) })
  })

  test('lists the refs of a remote once for many images', async () => {
    const log = join(directory.path, 'log')
    const git = join(directory.path, 'bin/git')
    await mkdir(join(directory.path, 'bin'))
    await writeFile(git, `#!/bin/sh\necho "$@" >>${log}\nPATH='${GIT_ENV.PATH}' exec git "$@"\n`)
    await chmod(git, 0o755)
    restart({ env: { ...GIT_ENV, PATH: `${directory.path}/bin:${GIT_ENV.PATH}` } })
    await Promise.all(Array.from({ length: 20 }, () => resolve('main')))
    expect((await readFile(log, 'utf8')).split('\n').filter((line) => line.includes('ls-remote'))).toHaveLength(1)
  })

  test('returns the tree of the sub-path, and reuses it for the same commit', async () => {
    repository.git('config', 'uploadpack.allowFilter', 'true')
    repository.commit('apps/a/x', 'x')
    const options = { withTree: true }
    const found = await resolve('main', { subPath: '/apps/a/' }, options)
    expect(found.git).toMatchObject({ tree: head('HEAD:apps/a'), subPath: '/apps/a/' })
    const previous = { git: { ...found.git!, tree: 'kept' } }
    expect((await resolve('main', { subPath: '/apps/a/' }, { ...options, previous })).git?.tree).toBe('kept')
    repository.commit('other', 'x')
    restart()
    expect((await resolve('main', { subPath: '/apps/a/' }, { ...options, previous })).git?.tree).toBe(found.git?.tree)
    await expect(resolve('main', { subPath: 'apps/a/x' }, options)).rejects.toMatchObject({ code: 'CNB_APP_INVALID', message: containing('has no such directory') })
  })

  test('stops waiting for a server that does not reply', async () => {
    const server = createServer(() => {})
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    restart({ timeLimits: { list: 300 } })
    await expect(resolve('main', { url: `git://127.0.0.1:${(server.address() as AddressInfo).port}/x` })).rejects.toMatchObject({
      code: 'CNB_SOURCE_FAILED',
      message: containing('git does not finish within 0.3 s'),
    })
    server.close()
  })

  test('refuses addresses that run programs', async () => {
    await expect(resolve('main', { url: 'ext::sh -c touch% x' })).rejects.toMatchObject({ code: 'CNB_USAGE' })
  })
})

describe('the fetch of a git source', () => {
  test('writes the files of the commit, with modes and links, and nothing of git', async () => {
    await writeFile(join(repository.path, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 })
    await symlink('main.go', join(repository.path, 'link'))
    repository.commit('a/b', 'x')
    const path = await fetch()
    expect(await listed(path)).toEqual(['a', 'a/b', 'link', 'main.go', 'run.sh'])
    expect(await readFile(join(path, 'a/b'), 'utf8')).toBe('x')
    expect(await readlink(join(path, 'link'))).toBe('main.go')
    expect((await stat(join(path, 'run.sh'))).mode & 0o777).toBe(0o755)
    expect((await stat(join(path, 'main.go'))).mode & 0o777).toBe(0o644)
  })

  test('reports what kpack writes to project-metadata.toml', async () => {
    const target = join(directory.path, 'target')
    await mkdir(target)
    const url = `file://${repository.path}`
    expect(await sources.fetch({ git: { url, revision: head(), type: 'Branch' } }, target, anonymous)).toEqual({
      path: target,
      metadata: { type: 'git', metadata: { repository: url, revision: head() }, version: { commit: head() } },
    })
  })

  test('writes the bytes of the commit with any attributes of the repository', async () => {
    const ran = join(directory.path, 'ran')
    const config = join(directory.path, 'config')
    await writeFile(config, `[filter "run"]\n\tsmudge = touch ${ran}\n\trequired = true\n[safe]\n\tdirectory = *\n`)
    repository.commit('f.txt', 'x\n$Id$ $Format:%H$\n')
    repository.commit('.gitattributes', '* text eol=crlf ident export-subst\nmain.go export-ignore\nf.txt filter=run\n')
    restart({ env: { ...GIT_ENV, GIT_CONFIG_GLOBAL: config } })
    const path = await fetch()
    expect(await readFile(join(path, 'f.txt'), 'utf8')).toBe('x\n$Id$ $Format:%H$\n')
    expect(await listed(path)).toEqual(['.gitattributes', 'f.txt', 'main.go'])
    expect(await readdir(directory.path)).not.toContain('ran')
  })

  test('returns the directory of the sub-path', async () => {
    repository.commit('apps/a/x', 'x')
    await symlink('apps/a', join(repository.path, 'current'))
    repository.commit('y', 'x')
    expect(await listed(await fetch({ subPath: 'apps/a' }))).toEqual(['x'])
    expect(await listed(await fetch({ subPath: 'current' }))).toEqual(['x'])
  })

  test.each([
    ['../x', 'CNB_USAGE', 'it leads out of the source'],
    ['nowhere', 'CNB_APP_INVALID', 'it does not exist'],
    ['main.go', 'CNB_APP_INVALID', 'it is not a directory'],
  ])('refuses the sub-path %s', async (subPath, code, message) => {
    await expect(fetch({ subPath })).rejects.toMatchObject({ code, message: containing(message) })
  })

  test('does not write to a directory that has files', async () => {
    await expect(sources.fetch({ git: { url: repository.path, revision: head(), type: 'Branch' } }, directory.path, anonymous)).rejects.toMatchObject({
      code: 'CNB_OUTPUT',
      message: containing('is not empty'),
    })
  })

  test('reports a commit that the server does not have', async () => {
    await expect(fetch({ revision: 'a'.repeat(40) })).rejects.toMatchObject({ code: 'CNB_SOURCE_FAILED', message: containing(`the server does not have the commit ${'a'.repeat(40)}`) })
  })

  test('reads from git daemon, also an old commit that no ref has', async () => {
    const old = head()
    repository.git('commit', '--quiet', '--amend', '--message', 'new')
    await using daemon = await startDaemon(directory.path)
    const url = `git://127.0.0.1:${daemon.port}/app`
    expect((await resolve('main', { url })).git?.revision).toBe(head())
    expect(await listed(await fetch({ url }))).toEqual(['main.go'])
    expect(await listed(await fetch({ url, revision: old }))).toEqual(['main.go'])
  })

  test.each([
    ['../../outside', 'the link "link" leads out of it'],
    ['/etc/passwd', 'the link "link" leads out of it'],
  ])('refuses a link to %s', async (target, message) => {
    await symlink(target, join(repository.path, 'link'))
    repository.commit('x', 'x')
    await expect(fetch()).rejects.toMatchObject({ code: 'CNB_APP_INVALID', message: containing(message) })
  })

  test.each(['.git', '.GIT', '.g\u200cit', 'git~1'])('refuses the name %j in a commit', async (name) => {
    const blob = execFileSync('git', ['hash-object', '-w', '--stdin'], { cwd: repository.path, env: GIT_ENV, input: 'x', encoding: 'utf8' }).trim()
    const tree = execFileSync('git', ['mktree'], { cwd: repository.path, env: GIT_ENV, input: `100644 blob ${blob}\t${name}\n`, encoding: 'utf8' }).trim()
    const revision = repository.git('commit-tree', '-m', 'x', tree).trim()
    repository.git('update-ref', 'refs/heads/hostile', revision)
    await expect(fetch({ revision })).rejects.toMatchObject({ code: 'CNB_SOURCE_FAILED', message: containing(`invalid path '${name}'`) })
  })

  test.each([
    ['a number of files', { files: 3, bytes: 1e9 }, 'it has more than 3 files and directories, the limit of a source'],
    ['a size of the files', { files: 100, bytes: 20_000 }, 'its files have more than 20000 bytes, the limit of a source'],
    ['a size of the transfer', { files: 100, bytes: 2048 }, 'the repository is larger than the limit of 2048 bytes'],
  ])('stops at %s', async (_title, limits, message) => {
    const random = limits.bytes === 2048 ? randomBytes(50_000).toString('hex') : ''
    repository.commit('a/b/c/d', 'x'.repeat(50_000) + random)
    restart({ limits })
    await expect(fetch()).rejects.toMatchObject({ message: containing(message) })
  })
})

describe('a submodule', () => {
  const addSubmodule = (to: TestIndex, path: string, url: string, commit: string): void => {
    to.git('config', '--file', '.gitmodules', `submodule.${path}.path`, path)
    to.git('config', '--file', '.gitmodules', `submodule.${path}.url`, url)
    to.git('update-index', '--add', '--cacheinfo', `160000,${commit},${path}`)
    to.git('add', '.gitmodules')
    to.git('commit', '--quiet', '--message', 'submodule')
  }

  test('is fetched at all levels if the source says it, also from a relative address', async () => {
    const inner = makeIndex(join(directory.path, 'inner'))
    inner.commit('deep', 'x')
    const library = makeIndex(join(directory.path, 'library'))
    addSubmodule(library, 'vendor/inner', '../inner', library.git('-C', inner.path, 'rev-parse', 'HEAD').trim())
    addSubmodule(repository, 'lib', '../library', library.git('rev-parse', 'HEAD').trim())
    expect(await listed(await fetch())).toEqual(['.gitmodules', 'lib', 'main.go'])
    expect(await listed(await fetch({ initializeSubmodules: true }))).toEqual([
      '.gitmodules', 'lib', 'lib/.gitmodules', 'lib/vendor', 'lib/vendor/inner', 'lib/vendor/inner/deep', 'main.go',
    ])
  })

  test('has a limit of levels', async () => {
    for (let level = 0; level < 12; level++) addSubmodule(repository, 'self', repository.path, head())
    await expect(fetch({ initializeSubmodules: true })).rejects.toMatchObject({ code: 'CNB_SOURCE_FAILED', message: containing('the source has submodules in more than 10 levels, the limit') })
  })

  test('cannot be on this machine if the repository is not', async () => {
    addSubmodule(repository, 'lib', repository.path, head())
    await using daemon = await startDaemon(directory.path)
    const url = `git://127.0.0.1:${daemon.port}/app`
    await expect(fetch({ url, initializeSubmodules: true })).rejects.toMatchObject({ code: 'CNB_SOURCE_FAILED', message: containing('is not at https, ssh or git') })
  })

  test('cannot be outside of the repository', async () => {
    repository.git('config', '--file', '.gitmodules', 'submodule.x.path', '../x')
    repository.git('config', '--file', '.gitmodules', 'submodule.x.url', repository.path)
    repository.git('add', '.gitmodules')
    repository.git('commit', '--quiet', '--message', 'submodule')
    expect(await listed(await fetch({ initializeSubmodules: true }))).toEqual(['.gitmodules', 'main.go'])
  })
})
