import { mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { packTar, type TarEntry } from '../../../src/archive/tar/tar-writer.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../src/base/files.ts'
import { openRegistries } from '../../../src/registry/open-registries.ts'
import type { Registries } from '../../../src/registry/registry.ts'
import type { SourceCredentials } from '../../../src/sources/credentials/credentials.ts'
import type { FetchedSource, ResolvedSource } from '../../../src/sources/source.ts'
import { Sources } from '../../../src/sources/sources.ts'
import { startMemoryRegistry, type MemoryRegistry } from '../../support/fakes/memory-registry.ts'
import { pushImage, pushIndex } from '../../support/images/push-image.ts'
import { zipFile } from '../../support/images/zip-file.ts'
import { containing } from '../../support/matching.ts'
import { credentialsWith, secretOf, sourceServices, type TestServices } from '../../support/sources/services.ts'

const USER = { username: 'me', password: 'secret' }

let directory: TemporaryDirectory
let registry: MemoryRegistry
let pushing: Registries
let running: TestServices
let sources: Sources
let credentials: SourceCredentials
beforeEach(async () => {
  directory = await makeTemporaryDirectory()
  registry = await startMemoryRegistry({ auth: { scheme: 'basic', ...USER } })
  pushing = openRegistries({ keychain: async () => USER, insecure: [], mirrors: {}, env: {}, userAgent: 'test' })
  running = sourceServices(directory.path)
  sources = new Sources(running.services)
  credentials = credentialsWith(secretOf('s', 'kubernetes.io/basic-auth', USER, { 'kpack.io/docker': registry.address }))
})
afterEach(async () => {
  await pushing.close()
  await running[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
  await directory[Symbol.asyncDispose]()
})

const file = (name: string, content: string | Buffer = 'x'): TarEntry => ({ type: 'file', name, mode: 0o644, uid: 1, gid: 1, mtime: 0, size: content.length, content: Buffer.from(content) })
const tar = (...entries: TarEntry[]): Promise<Buffer> => buffer(packTar(entries))
const name = (): string => `${registry.address}/team/source:v1`
const fetch = async (resolved: ResolvedSource): Promise<FetchedSource> => {
  const target = await mkdtemp(join(directory.path, 'target'))
  return sources.fetch(resolved, target, credentials, running.context)
}
const resolve = (subPath?: string): Promise<ResolvedSource> => sources.resolve({ registry: { image: name() }, subPath }, credentials)
const listed = async ({ path }: FetchedSource): Promise<string[]> => ((await readdir(path, { recursive: true }))).sort()

describe('a source in a registry', () => {
  test('is resolved to a digest, with the credentials of a Secret', async () => {
    const { digest } = await pushImage(pushing, name(), { layers: [await tar(file('a'))] })
    expect(await resolve('x')).toEqual({ registry: { image: name(), digest, subPath: 'x' } })
    await expect(sources.resolve({ registry: { image: name() } }, credentialsWith())).rejects.toMatchObject({ code: 'CNB_REGISTRY_DENIED' })
  })

  test('is an error if it does not exist', async () => {
    await expect(resolve()).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND', message: containing(name()) })
  })

  test('has the files of all layers without those that later layers delete', async () => {
    await pushImage(pushing, name(), { layers: [await tar(file('a/b'), file('a/c', 'old'), file('d')), await tar(file('a/.wh.b'), file('a/c', 'new'))] })
    const fetched = await fetch(await resolve())
    expect(await listed(fetched)).toEqual(['a', 'a/c', 'd'])
    expect(await readFile(join(fetched.path, 'a/c'), 'utf8')).toBe('new')
    expect(await listed(await fetch(await resolve('a')))).toEqual(['c'])
    expect(fetched.metadata).toEqual({ type: 'image', metadata: { image: name() }, version: { digest: (await resolve()).registry?.digest } })
  })

  test('keeps its digest when the tag moves', async () => {
    await pushImage(pushing, name(), { layers: [await tar(file('old'))] })
    const resolved = await resolve()
    await pushImage(pushing, name(), { layers: [await tar(file('new'))] })
    expect(await listed(await fetch(resolved))).toEqual(['old'])
  })

  test("is this machine's image of an index", async () => {
    const images = []
    for (const architecture of ['arm64', 'amd64']) {
      images.push(await pushImage(pushing, `${registry.address}/team/source:${architecture}`, { layers: [await tar(file(architecture))], platform: { os: 'linux', architecture } }))
    }
    await pushIndex(pushing, name(), images)
    expect(await listed(await fetch(await resolve()))).toEqual(['amd64'])
  })

  test.each(['zip', 'jar', 'war'])('may be one %s archive', async (type) => {
    const config = { Labels: { 'source.contenttype.kpack.io': type } }
    await pushImage(pushing, name(), { layers: [await tar(file('app.jar', zipFile([{ name: 'a/b', content: 'x' }])))], config })
    expect(await listed(await fetch(await resolve()))).toEqual(['a', 'a/b'])
  })

  test.each([
    ['two layers', 2, 1, 'expected image to have exactly one layer'],
    ['two files', 1, 2, 'expected layer to have exactly one file'],
  ])('cannot be an archive in %s', async (_title, layers, files, message) => {
    const content = await tar(...Array.from({ length: files }, (_, index) => file(`app${index}.zip`)))
    await pushImage(pushing, name(), { layers: Array.from({ length: layers }, () => content), config: { Labels: { 'source.contenttype.kpack.io': 'zip' } } })
    await expect(fetch(await resolve())).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID', message: containing(message) })
  })
})

describe('a local source', () => {
  test('is its directory, without a copy', async () => {
    await mkdir(join(directory.path, 'app/sub'), { recursive: true })
    const path = join(directory.path, 'app')
    const resolved = await sources.resolve({ local: { path }, subPath: 'sub' }, credentials)
    expect(resolved).toEqual({ local: { path, subPath: 'sub' } })
    expect(await sources.fetch(resolved, '/nowhere', credentials)).toEqual({ path: join(path, 'sub') })
  })

  test('must be a directory, with the sub-path in it', async () => {
    await mkdir(join(directory.path, 'app'))
    await mkdir(join(directory.path, 'other'))
    await writeFile(join(directory.path, 'file'), '')
    await symlink('../other', join(directory.path, 'app/out'))
    const wrong = (path: string, subPath?: string): Promise<unknown> =>
      sources.resolve({ local: { path: join(directory.path, path) }, subPath }, credentials).catch((error: Error) => error.message)
    expect(await wrong('nowhere')).toContain('it does not exist')
    expect(await wrong('file')).toContain('it is not a directory')
    expect(await wrong('app', 'out')).toContain('a link in it leads out of the source')
    expect(await wrong('app', '../other')).toContain('it leads out of the source')
  })
})

test('refuses a source without a kind', async () => {
  await expect(sources.resolve({}, credentials)).rejects.toMatchObject({ code: 'CNB_USAGE' })
  await expect(sources.fetch({}, await mkdtemp(join(directory.path, 'target')), credentials)).rejects.toMatchObject({ code: 'CNB_USAGE' })
})
