import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { BuildpackRegistries } from '../../../../src/buildpacks/registry/buildpack-registries.ts'
import { gitAddress } from '../../../../src/git/git-address.ts'
import { runGit } from '../../../../src/git/run-git.ts'
import type { PullPolicy } from '../../../../src/images/find/find-image.ts'
import { openContentCache } from '../../../../src/registry/download/content-cache.ts'
import { containing } from '../../../support/matching.ts'
import { GIT_ENV, makeIndex, type IndexLine, type TestIndex } from '../../../support/registry/index-repository.ts'
import { listen } from '../../../support/registry/listen.ts'

const FILE = 'no/de/acme_node'
const image = (letter: string): string => `registry.example/acme/node@sha256:${letter.repeat(64)}`
const line = (version: string, letter = 'a', rest: Partial<IndexLine> = {}): IndexLine => ({ ns: 'acme', name: 'node', version, yanked: false, addr: image(letter), ...rest })

let directory: TemporaryDirectory
let index: TestIndex
let events: CnbEvent[]
beforeEach(async () => {
  directory = await makeTemporaryDirectory()
  index = makeIndex(join(directory.path, 'index'))
  index.commit(FILE, [line('1.0.0'), line('2.0.0', 'b')])
  events = []
})
afterEach(() => directory[Symbol.asyncDispose]())

interface Run {
  policy?: PullPolicy
  url?: string
  version?: string
  env?: Record<string, string>
  signal?: AbortSignal
  maxFile?: number
}
/** Resolves `acme/node` in a new run. */
const resolve = async ({ policy = 'always', url = index.path, version, env = {}, signal, maxFile }: Run = {}): Promise<string> => {
  const cache = openContentCache(join(directory.path, 'cache'), { budget: 1e9 })
  const registries = new BuildpackRegistries({ cache, env: { ...GIT_ENV, ...env }, ...(maxFile === undefined ? {} : { maxFile }) }, policy)
  const context = { events: (event: CnbEvent) => void events.push(event), ...(signal ? { signal } : {}) }
  return (await registries.resolve({ name: 'mine', url }, { id: 'acme/node', version }, context)).reference
}
const warnings = (): string[] => events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))
const clones = async (): Promise<string[]> => {
  const folder = join(directory.path, 'cache/registries')
  return (await Promise.all((await readdir(folder)).map((name) => readdir(join(folder, name))))).flat()
}

describe('BuildpackRegistries', () => {
  test('uses a fact of the cache with the name of the folder of clones, which then counts as used', async () => {
    await resolve()
    const [names, facts] = await Promise.all(['registries', 'facts/registry'].map((folder) => readdir(join(directory.path, 'cache', folder))))
    expect(facts).toEqual(names?.map((name) => `${name}.json`))
  })

  test('resolves a version and the highest version, with the decision', async () => {
    expect(await resolve({ version: '1.0.0' })).toBe(image('a'))
    expect(await resolve()).toBe(image('b'))
    expect(events.findLast(({ type }) => type === 'decision')).toEqual({
      type: 'decision',
      subject: { kind: 'buildpack', name: 'acme/node' },
      outcome: image('b'),
      reason: "version 2.0.0 of the buildpack registry 'mine' is this image, and it is the highest",
    })
  })

  test('reads a file URL', async () => {
    expect(await resolve({ url: `file://${index.path}` })).toBe(image('b'))
  })

  test('clones a commit once, and a new commit with always', async () => {
    await resolve()
    await resolve()
    expect(await clones()).toHaveLength(1)
    index.commit(FILE, [line('1.0.0'), line('3.0.0', 'c')])
    expect(await resolve({ policy: 'if-not-present' })).toBe(image('b'))
    expect(await resolve({ policy: 'if-not-present', version: '3.0.0' })).toBe(image('c'))
    expect(await resolve()).toBe(image('c'))
    expect(await readdir(join(directory.path, 'cache/unfinished'))).toEqual([])
  })

  test('follows an index that was rewritten', async () => {
    await resolve()
    await rm(index.path, { recursive: true })
    index = makeIndex(index.path)
    index.commit(FILE, [line('9.0.0', 'd')])
    expect(await resolve()).toBe(image('d'))
  })

  test('uses the last clone without a connection, with a warning only if the policy is always', async () => {
    await resolve()
    await rename(index.path, `${index.path}-moved`)
    expect(await resolve({ policy: 'never' })).toBe(image('b'))
    expect(await resolve({ policy: 'if-not-present' })).toBe(image('b'))
    expect(warnings()).toEqual([])
    expect(await resolve()).toBe(image('b'))
    expect(warnings()).toEqual([containing("using the last clone of the buildpack registry 'mine', which may be old: cannot read the buildpack registry 'mine'")])
  })

  test('does not clone with never', async () => {
    await expect(resolve({ policy: 'never' })).rejects.toMatchObject({ code: 'CNB_BUILDPACK_NOT_FOUND', message: containing('is not in the cache, and the pull policy is never') })
  })

  test('clones again after a damage', async () => {
    await resolve()
    const [name = ''] = await readdir(join(directory.path, 'cache/registries'))
    const [clone = ''] = await clones()
    await rm(join(directory.path, 'cache/registries', name, clone, 'objects'), { recursive: true })
    await expect(resolve()).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID', hint: containing('Run the command again') })
    expect(await resolve()).toBe(image('b'))
  })

  test('lets two processes clone at once', async () => {
    expect(await Promise.all([resolve(), resolve()])).toEqual([image('b'), image('b')])
    expect(await clones()).toHaveLength(1)
  })

  test.each([
    ['a repository without a commit', () => makeIndex(join(directory.path, 'empty')).path],
    ['a missing directory', () => join(directory.path, 'none')],
  ])('reports %s', async (_title, url) => {
    await expect(resolve({ url: url() })).rejects.toMatchObject({ code: 'CNB_DOWNLOAD_FAILED', message: containing("cannot read the buildpack registry 'mine' at /") })
  })

  test('reports a machine without git', async () => {
    await expect(resolve({ env: { PATH: directory.path } })).rejects.toMatchObject({ message: containing('git is not on the PATH'), hint: 'Install git.' })
  })

  test('reports a server that requires a login, without a question and without the password', async () => {
    await using server = await listen((_request, response) => void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end())
    const error = await resolve({ url: `${server.origin.replace('//', '//user:secret@')}/index` }).catch((thrown: unknown) => thrown as CnbError)
    expect(error).toMatchObject({ code: 'CNB_DOWNLOAD_FAILED', message: containing(`cannot read the buildpack registry 'mine' at ${server.origin}/index: `) })
    expect((error as CnbError).message).not.toContain('secret')
  })

  test('stops git when it is aborted', async () => {
    const controller = new AbortController()
    await using server = await listen(() => controller.abort(new CnbError('CNB_INTERRUPTED', 'stopped')))
    await expect(resolve({ url: `${server.origin}/index`, signal: controller.signal })).rejects.toThrow('stopped')
  })
})

describe('a hostile index', () => {
  const refuses = (message: string) => expect(resolve()).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID', message: containing(message) })

  test('cannot point to files outside of it', async () => {
    const secret = join(directory.path, 'secret')
    await writeFile(secret, JSON.stringify(line('1.0.0')))
    await rm(join(index.path, FILE))
    await symlink(secret, join(index.path, FILE))
    index.commit('other', '')
    await refuses(`'${FILE}' in the index is not a file`)
  })

  test.each([
    ['a directory', () => index.commit(`${FILE}/inner`, '')],
    ['a submodule', () => {
      index.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},${FILE}`)
      index.git('commit', '--quiet', '--message', 'submodule')
    }],
  ])('cannot have %s as an entry', async (_title, change) => {
    index.git('rm', '--quiet', FILE)
    index.git('commit', '--quiet', '--message', 'removed')
    change()
    await refuses(`'${FILE}' in the index is not a file`)
  })

  test('cannot have a file larger than the limit, and is not cloned again for it', async () => {
    const error = await resolve({ maxFile: 10 }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'CNB_BUILDPACK_INVALID', message: containing(`cannot read '${FILE}' in the index of a buildpack registry: it has `) })
    expect(await resolve({ policy: 'never' })).toBe(image('b'))
  })

  test('cannot fill the disk', async () => {
    index.commit('big', Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7919) % 251)).toString('base64') + Math.random())
    const to = join(directory.path, 'clone')
    const options = { env: GIT_ENV, address: gitAddress(index.path) }
    await runGit(['init', '--quiet', '--bare', '--', to], options)
    await expect(runGit(['--git-dir', to, 'fetch', '--quiet', '--depth=1', '--', index.path, 'HEAD'], { ...options, maxFile: 1024 })).rejects.toThrow('the repository is larger than the limit of 1024 bytes')
  })

  test("does not clone submodules, and runs no program of the user's configuration or of the repository", async () => {
    const ran = join(directory.path, 'ran')
    const hooks = join(directory.path, 'hooks')
    await mkdir(join(hooks, 'hooks'), { recursive: true })
    for (const folder of [hooks, join(hooks, 'hooks')]) {
      for (const hook of ['post-checkout', 'reference-transaction', 'post-merge']) {
        await writeFile(join(folder, hook), `#!/bin/sh\ntouch ${ran}\n`)
        await chmod(join(folder, hook), 0o755)
      }
    }
    const config = join(directory.path, 'gitconfig')
    await writeFile(config, `[core]\n\thooksPath = ${hooks}\n\tfsmonitor = touch ${ran}\n[init]\n\ttemplateDir = ${hooks}\n[fetch]\n\trecurseSubmodules = true\n[filter "run"]\n\tsmudge = touch ${ran}\n\trequired = true\n`)
    index.commit('.gitattributes', '* filter=run\n')
    index.commit('.gitmodules', `[submodule "s"]\n\tpath = s\n\turl = ext::touch ${ran}\n`)
    expect(await resolve({ env: { GIT_CONFIG_GLOBAL: config } })).toBe(image('b'))
    expect(existsSync(ran)).toBe(false)
  })

  test('is read in its own repository if the caller is a hook of another', async () => {
    const other = makeIndex(join(directory.path, 'other'))
    expect(await resolve({ env: { GIT_DIR: join(other.path, '.git'), GIT_WORK_TREE: other.path, GIT_INDEX_FILE: 'x', GIT_OBJECT_DIRECTORY: join(other.path, 'x') } })).toBe(image('b'))
  })
})

describe('gitAddress', () => {
  test.each(['https://host/x', 'https://user:pass@host:8443/x.git', 'http://host/x', 'ssh://git@host/x', 'git@host.example:team/x.git', 'file:///a b/x', '/a b/x'])('accepts %s', (url) => {
    expect(gitAddress(url).url).toBe(url)
  })

  test.each([
    '--upload-pack=touch x', '-x', '', 'x', '../x', 'ext::sh -c touch% x', 'fd::17', 'git://host/x', 'ftp://host/x', 'https://', 'https://-host/x', 'https://a b',
    'ssh://-oProxyCommand=x/y', 'git@-oProxyCommand=x:y', 'git@host::x', 'git@host:-x', '/a\nb', 'transport::https://host',
  ])('refuses %j', (url) => {
    expect(() => gitAddress(url)).toThrow(expect.objectContaining({ code: 'CNB_USAGE' }) as Error)
  })

  test('does not let a repository at https lead to a local one', async () => {
    const local = makeIndex(join(directory.path, 'local'))
    const options = { env: GIT_ENV, address: gitAddress('https://host/x') }
    await expect(runGit(['ls-remote', '--', local.path, 'HEAD'], options)).rejects.toThrow("transport 'file' not allowed")
  })

  test('limits the time of git', async () => {
    await using server = await listen(() => {})
    const options = { env: GIT_ENV, address: gitAddress(`${server.origin}/x`), timeLimitMs: 200 }
    await expect(runGit(['ls-remote', '--', `${server.origin}/x`, 'HEAD'], options)).rejects.toThrow('git does not finish within 0.2 s')
  })
})
