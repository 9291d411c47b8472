import { chmod, link, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { execFileSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { encodeTarHeader } from '../../../src/archive/tar/tar-header.ts'
import { CnbError } from '../../../src/base/errors.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../src/base/files.ts'
import { externalLocator, moduleSources } from '../../../src/buildpacks/module-sources.ts'
import { readBuildpacks } from './read-path.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { listLayer, writeTar, type Given } from './tar-file.ts'

const TOML = 'api = "0.11"\n[buildpack]\nid = "acme/node"\nversion = "1.0.0"\n'
const COMPOSITE = 'api = "0.11"\n[buildpack]\nid = "acme/all"\nversion = "1"\n[[order]]\n[[order.group]]\nid = "acme/node"\nversion = "1.0.0"\n'
const FILES: Given[] = [
  { name: 'buildpack.toml', text: TOML },
  { name: 'bin', type: 'directory', mode: 0o700 },
  { name: 'bin/build', text: 'build', mode: 0o600 },
  { name: 'bin/detect', text: 'detect', mode: 0o755 },
]

let scratch: TemporaryDirectory
beforeEach(async () => {
  scratch = await makeTemporaryDirectory('cnb-test-')
})
afterEach(() => scratch[Symbol.asyncDispose]())

const at = (...parts: string[]): string => join(scratch.path, ...parts)

async function writeBuildpack(directory: string, toml = TOML): Promise<string> {
  await mkdir(at(directory, 'bin'), { recursive: true })
  await writeFile(at(directory, 'buildpack.toml'), toml)
  await writeFile(at(directory, 'bin/build'), 'build', { mode: 0o700 })
  await writeFile(at(directory, 'bin/detect'), 'detect', { mode: 0o600 })
  return at(directory)
}

describe('a directory', () => {
  test("becomes a layer by pack's rules", async () => {
    const path = await writeBuildpack('node')
    await mkdir(at('node/lib'), { mode: 0o700 })
    await writeFile(at('node/lib/data'), 'data', { mode: 0o600 })
    await writeFile(at('node/lib.sh'), 'script', { mode: 0o645 })
    await symlink('../lib.sh', at('node/lib/link'))
    await link(at('node/lib/data'), at('node/lib/same'))
    const [buildpack, ...others] = await readBuildpacks(path)
    expect(others).toEqual([])
    expect(buildpack?.descriptor).toMatchObject({ kind: 'buildpack', api: '0.11', info: { id: 'acme/node', version: '1.0.0' } })
    const root = '/cnb/buildpacks/acme_node/1.0.0'
    expect(buildpack && (await listLayer(buildpack.layer))).toEqual([
      '755 0:0 315532801 directory /cnb/buildpacks/acme_node',
      `755 0:0 315532801 directory ${root}`,
      `755 0:0 315532801 directory ${root}/bin`,
      `755 0:0 315532801 file ${root}/bin/build = "build"`,
      `755 0:0 315532801 file ${root}/bin/detect = "detect"`,
      `644 0:0 315532801 file ${root}/buildpack.toml = ${JSON.stringify(TOML)}`,
      `755 0:0 315532801 directory ${root}/lib`,
      `644 0:0 315532801 file ${root}/lib/data = "data"`,
      `755 0:0 315532801 symlink ${root}/lib/link -> ../lib.sh`,
      `644 0:0 315532801 link ${root}/lib/same -> ${root}/lib/data`,
      `755 0:0 315532801 file ${root}/lib.sh = "script"`,
    ])
  })

  test('has the same digest with any times, modes and owner', async () => {
    const [first] = await readBuildpacks(await writeBuildpack('a'))
    await writeBuildpack('b')
    await utimes(at('b/bin/build'), 1, 1)
    await chmod(at('b/buildpack.toml'), 0o600)
    const [second] = await readBuildpacks(at('b'))
    expect(second?.layer.diffId).toBe(first?.layer.diffId)
  })

  test('returns a layer that matches its digest at every read', async () => {
    const [buildpack] = await readBuildpacks(await writeBuildpack('node'))
    for (const _ of [1, 2]) {
      const bytes = await buffer((await buildpack?.layer.open())!)
      expect([digestOf(bytes), bytes.length]).toEqual([buildpack?.layer.diffId, buildpack?.layer.size])
    }
  })

  test.each(['bin/detect', 'bin/build'])('is rejected without %s', async (file) => {
    await writeBuildpack('node')
    await rm(at('node', file))
    await expect(readBuildpacks(at('node'))).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID', message: expect.stringContaining(`has no ${file}`) as string })
  })

  test('needs no executables for a composite buildpack', async () => {
    await mkdir(at('all'))
    await writeFile(at('all/buildpack.toml'), COMPOSITE)
    await expect(readBuildpacks(at('all'))).resolves.toHaveLength(1)
  })

  test('includes the dependencies of its package.toml, each once', async () => {
    await writeBuildpack('node')
    await mkdir(at('all'))
    await writeFile(at('all/buildpack.toml'), COMPOSITE)
    await writeFile(at('all/package.toml'), '[buildpack]\nuri = "."\n[[dependencies]]\nuri = "../node"\n[[dependencies]]\nuri = "../node/"\n')
    await writeFile(at('node/package.toml'), '[[dependencies]]\nuri = "../all"\n')
    const found = await readBuildpacks(at('all'))
    expect(found.map(({ descriptor }) => descriptor.info.id)).toEqual(['acme/all', 'acme/node'])
  })

  test('accepts descriptors with keys in other capitals, with a warning', async () => {
    await writeBuildpack('node')
    await writeFile(at('node/buildpack.toml'), 'API = "0.11"\n[Buildpack]\nID = "acme/node"\nversion = "1.0.0"\n')
    await writeFile(at('node/package.toml'), '[[Dependencies]]\nURI = "../other"\n')
    await writeBuildpack('other', TOML.replace('acme/node', 'acme/other'))
    const warnings: string[] = []
    const found = await readBuildpacks(at('node'), { events: (event) => event.type === 'warning' && warnings.push(event.message) })
    expect(found).toHaveLength(2)
    expect(warnings).toEqual([
      `${at('node/buildpack.toml')}:1: write the key 'API' as 'api'`,
      `${at('node/buildpack.toml')}:2: write the key 'Buildpack' as 'buildpack'`,
      `${at('node/buildpack.toml')}:3: write the key 'ID' as 'id'`,
      `${at('node/package.toml')}:1: write the key 'Dependencies' as 'dependencies'`,
      `${at('node/package.toml')}:2: write the key 'URI' as 'uri'`,
    ])
  })

  test('reports a dependency with neither uri nor image by position', async () => {
    await writeBuildpack('node')
    await writeFile(at('node/package.toml'), '[[dependencies]]\nuri = "x"\n[[dependencies]]\n')
    await expect(readBuildpacks(at('node'))).rejects.toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID', position: { file: at('node/package.toml'), line: 3 } })
  })

  test('accepts an extension only in the place of an extension', async () => {
    await mkdir(at('curl'))
    await writeFile(at('curl/extension.toml'), 'api = "0.10"\n[extension]\nid = "acme/curl"\nversion = "1"\n')
    const [extension] = await readBuildpacks(at('curl'), {}, 'extension')
    expect((await listLayer(extension!.layer))[1]).toBe('755 0:0 315532801 directory /cnb/extensions/acme_curl/1')
    await expect(readBuildpacks(at('curl'))).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID', hint: expect.stringContaining('[[extensions]]') as string })
  })

  test('reports a buildpack.toml that is a link or a FIFO', async () => {
    await writeBuildpack('node')
    await rename(at('node/buildpack.toml'), at('elsewhere.toml'))
    await symlink('../elsewhere.toml', at('node/buildpack.toml'))
    await expect(readBuildpacks(at('node'))).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID', message: expect.stringContaining('is not a regular file') as string })
    await rm(at('node/buildpack.toml'))
    execFileSync('mkfifo', [at('node/buildpack.toml')])
    await expect(readBuildpacks(at('node'))).rejects.toMatchObject({ message: expect.stringContaining('is not a regular file') as string })
  })

  test.each(['buildpack.toml', 'linux/arm64/v8/buildpack.toml'])('is rejected with its platforms if it has no files for this one, with %s', async (descriptor) => {
    await mkdir(at('node/linux/s390x/bin'), { recursive: true })
    await mkdir(at('node/linux/arm64/v8/bin'), { recursive: true })
    for (const file of ['linux/s390x/bin/build', 'linux/s390x/bin/detect', 'linux/arm64/v8/bin/build']) await writeFile(at(`node/${file}`), '')
    await writeFile(at(`node/${descriptor}`), 'api = "0.11"\n[buildpack]\nid = "a"\nversion = "1"\n')
    await expect(readBuildpacks(at('node'))).rejects.toMatchObject({
      code: 'CNB_BUILDPACK_INVALID',
      hint: 'Use one of the platforms that it has files for: linux/arm64/v8, linux/s390x.',
    })
  })

  test('rejects a FIFO without waiting for it', async () => {
    await writeBuildpack('node')
    execFileSync('mkfifo', [at('node/pipe')])
    await expect(readBuildpacks(at('node'))).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID', message: expect.stringContaining("'pipe'") as string })
  })

  test('reports a missing path, and an error in the descriptor, with the path', async () => {
    await expect(readBuildpacks(at('none'))).rejects.toMatchObject({ code: 'CNB_BUILDPACK_NOT_FOUND' })
    await writeBuildpack('node', 'api = 1\n')
    await expect(readBuildpacks(at('node'))).rejects.toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID', position: { file: at('node/buildpack.toml'), line: 1 } })
  })

  test('names a missing descriptor without reading the other files', async () => {
    await mkdir(at('home'))
    await writeFile(at('home/package.toml'), '#'.repeat(2_000_000))
    await expect(readBuildpacks(at('home'))).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID', message: `cannot find buildpack.toml in '${at('home')}'` })
    await writeFile(at('home/extension.toml'), '')
    await expect(readBuildpacks(at('home'))).rejects.toMatchObject({ hint: 'Use it as an extension, with --extension or under [[extensions]] of a builder.toml: it has the file extension.toml.' })
  })

  test('stops on an abort', async () => {
    const signal = AbortSignal.abort()
    await expect(readBuildpacks(await writeBuildpack('node'), { signal })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  })
})

describe('an archive', () => {
  test.each([
    ['a tar', FILES, (tar: Buffer) => tar],
    ['a tgz', FILES, gzipSync],
    ['a tar of ./', [{ name: './', type: 'directory' as const }, ...FILES.map((file) => ({ ...file, name: `./${file.name}` }))], (tar: Buffer) => tar],
    ['a tar with absolute names', FILES.map((file) => ({ ...file, name: `/${file.name}` })), (tar: Buffer) => tar],
  ])('has the same layer as %s', async (_, files, compress) => {
    const [buildpack] = await readBuildpacks(await writeTar(at('bp'), files, compress))
    const root = '/cnb/buildpacks/acme_node/1.0.0'
    expect(await listLayer(buildpack!.layer)).toEqual([
      '755 0:0 315532801 directory /cnb/buildpacks/acme_node',
      `755 0:0 315532801 directory ${root}`,
      `644 0:0 315532801 file ${root}/buildpack.toml = ${JSON.stringify(TOML)}`,
      `755 0:0 315532801 directory ${root}/bin`,
      `755 0:0 315532801 file ${root}/bin/build = "build"`,
      `755 0:0 315532801 file ${root}/bin/detect = "detect"`,
    ])
  })

  test('resolves a hard link to the file in the layer', async () => {
    const path = await writeTar(at('bp.tar'), [...FILES, { name: 'bin/other', type: 'link', linkname: './bin/build', size: 0 }])
    const [buildpack] = await readBuildpacks(path)
    expect((await listLayer(buildpack!.layer)).at(-1)).toContain('bin/other -> /cnb/buildpacks/acme_node/1.0.0/bin/build')
  })

  test.each([
    ['a name that climbs out', { name: '../../cnb/lifecycle/detector', text: 'x' }],
    ['a hard link that climbs out', { name: 'bin/x', type: 'link' as const, linkname: '../../etc/passwd' }],
    ['a hard link to a file that it does not have', { name: 'bin/x', type: 'link' as const, linkname: '/etc/passwd' }],
    ['a hard link to a directory', { name: 'x', type: 'link' as const, linkname: 'bin' }],
    ['a name that deletes a file of a layer', { name: '.wh.bin', text: '' }],
    ['a second file of one name', { name: './bin/build', text: 'x' }],
    ['a device', { name: 'null', type: 'character' as const, devMajor: 1, devMinor: 3 }],
    ['a FIFO', { name: 'pipe', type: 'fifo' as const }],
  ])('is rejected for %s', async (_, hostile) => {
    await expect(readBuildpacks(await writeTar(at('bp.tar'), [...FILES, hostile]))).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID' })
  })

  test('rejects a file below a symbolic link of the archive', async () => {
    const files: Given[] = [...FILES, { name: 'out', type: 'symlink', linkname: '/cnb/lifecycle' }, { name: 'out/detector', text: 'x' }]
    await expect(readBuildpacks(await writeTar(at('bp.tar'), files))).rejects.toMatchObject({
      code: 'CNB_BUILDPACK_INVALID',
      message: expect.stringContaining("below the symbolic link 'out'") as string,
    })
  })

  test.each([
    ['text', Buffer.from('hello '.repeat(200)), 'CNB_BUILDPACK_INVALID'],
    ['a gzip file cut off', gzipSync(Buffer.alloc(5000, 'x')).subarray(0, 20), 'CNB_BUILDPACK_INVALID'],
    ['a zip file', Buffer.from('PK\x03\x04 and more'), 'CNB_UNSUPPORTED'],
    ['nothing', Buffer.alloc(0), 'CNB_BUILDPACK_INVALID'],
  ])('is rejected for %s', async (_, bytes, code) => {
    await writeFile(at('bp.tgz'), bytes)
    await expect(readBuildpacks(at('bp.tgz'))).rejects.toMatchObject({ code })
  })

  test('rejects an archive that unpacks to more than 4 GiB, before its content is read', async () => {
    const header = encodeTarHeader({ type: 'file', name: 'zeros', mode: 0o644, uid: 0, gid: 0, mtime: 0, size: 4 * 1024 ** 3 + 1 })
    await writeFile(at('bomb.tgz'), gzipSync(header))
    await expect(readBuildpacks(at('bomb.tgz'))).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID', message: expect.stringContaining('more than 4 GiB') as string })
  })

  test('rejects an archive of so many empty files that they unpack to more than 4 GiB', async () => {
    const header = encodeTarHeader({ type: 'file', name: 'big', mode: 0o644, uid: 0, gid: 0, mtime: 0, size: 4 * 1024 ** 3 - 511 })
    await writeFile(at('bomb.tgz'), gzipSync(header))
    await expect(readBuildpacks(at('bomb.tgz'))).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID', message: expect.stringContaining('more than 4 GiB') as string })
  })

  test('rejects a descriptor of 2 MB', async () => {
    const files = [{ name: 'buildpack.toml', text: `# ${'x'.repeat(2_000_000)}\n${TOML}` }]
    await expect(readBuildpacks(await writeTar(at('bp.tar'), files))).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID', message: expect.stringMatching(/larger than/) as string })
  })
})

describe('an archive from an address with a password and a token', () => {
  const read = (...files: string[]) => {
    const sources = moduleSources({ image: never, download: (url, read) => read(at(new URL(url).pathname.slice(1))), address: never })
    const ofFile = (file: string) => sources.read({ type: 'url', url: `https://me:secret@host.example/${file}?token=secret` }, '/', { kind: 'buildpack', platform: { os: 'linux', architecture: 'amd64' } }, {})
    return Promise.all(files.map(ofFile))
  }
  const never = () => Promise.reject(new Error('not read'))

  test('has the address without them as its origin', async () => {
    await writeTar(at('bp.tgz'), FILES, gzipSync)
    expect((await read('bp.tgz'))[0]?.map(({ origin }) => origin)).toEqual(['https://host.example/bp.tgz'])
  })

  test.each<[string, Given[], ((tar: Buffer) => Buffer)?]>([
    ['no archive', [], () => Buffer.from('hello '.repeat(200))],
    ['no package', [{ name: 'oci-layout', text: '{}' }, { name: 'index.json', text: '{' }]],
    ['no descriptor', [{ name: 'README' }]],
    ['a wrong descriptor', [{ name: 'buildpack.toml', text: 'api = 1' }]],
  ])('has that address in the error for %s', async (_, files, encode = gzipSync) => {
    await writeTar(at('bp.tgz'), files, encode)
    const error = await read('bp.tgz').then(() => undefined, (thrown: CnbError) => thrown)
    expect(error?.message).toContain('https://host.example/bp.tgz')
    expect(JSON.stringify([error, error?.message])).not.toMatch(/secret|cnb-test-/)
  })
})

describe('a name without a scheme', () => {
  const unreachable = () => Promise.reject(new CnbError('CNB_REGISTRY_UNREACHABLE', 'no connection'))
  const sources = moduleSources({ image: unreachable, download: unreachable, address: unreachable })
  const read = async (text: string) => sources.read(await externalLocator(text, '/'), '/', { kind: 'buildpack', platform: { os: 'linux', architecture: 'amd64' } }, {})

  test.each(['no-such-name', 'no/where'])('is reported as a missing buildpack, with the cause: %s', async (name) => {
    await expect(read(name)).rejects.toMatchObject({ code: 'CNB_BUILDPACK_NOT_FOUND', message: expect.stringMatching(/neither a file .* and no connection/) as string })
  })

  test.each(['docker://nowhere', 'urn:cnb:registry:no/where'])('is not %s, which keeps its error', async (name) => {
    await expect(read(name)).rejects.toMatchObject({ code: 'CNB_REGISTRY_UNREACHABLE', message: 'no connection' })
  })
})
