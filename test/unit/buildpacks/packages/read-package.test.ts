import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { readBuildpacks } from '../read-path.ts'
import { digestOf, hexOf } from '../../../../src/oci/digest.ts'
import { tarOf, writeTar, type Given } from '../tar-file.ts'

let scratch: TemporaryDirectory
beforeEach(async () => {
  scratch = await makeTemporaryDirectory('cnb-test-')
})
afterEach(() => scratch[Symbol.asyncDispose]())

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
const layerOf = (id: string, version: string): Given[] => [
  { name: `/cnb/buildpacks/${id}`, type: 'directory', mode: 0o755 },
  { name: `/cnb/buildpacks/${id}/${version}`, type: 'directory', mode: 0o755 },
  { name: `/cnb/buildpacks/${id}/${version}/buildpack.toml`, text: 'x' },
]

interface Package {
  /** `diffId` overrides the declared diffID of a layer. */
  layers: { id: string; version: string; files?: Given[]; order?: unknown; diffId?: string }[]
  main?: { id: string; version: string }
  labels?: Record<string, string>
  compress?: boolean
  index?: string
  leaveOut?: string
  platform?: { os: string; architecture?: string }
}

async function writePackage({ layers, main = layers[0], labels = {}, compress = true, index, leaveOut, platform = { os: 'linux', architecture: 'amd64' } }: Package): Promise<string> {
  const contents = new Map<string, Buffer>()
  const blob = (bytes: Buffer): { digest: string; size: number } => {
    const digest = digestOf(bytes)
    contents.set(`blobs/sha256/${hexOf(digest)}`, bytes)
    return { digest, size: bytes.length }
  }
  const byId: Record<string, Record<string, unknown>> = {}
  const diffIds: string[] = []
  const descriptors: unknown[] = []
  for (const { id, version, files = layerOf(id.replaceAll('/', '_'), version), order, diffId } of layers) {
    const tar = await tarOf(files)
    const said = diffId ?? digestOf(tar)
    byId[id] = { ...byId[id], [version]: { api: '0.11', layerDiffID: said, targets: [{ os: 'linux', arch: '' }], ...(order ? { order } : {}) } }
    if (diffIds.includes(said)) continue
    diffIds.push(said)
    const bytes = compress ? gzipSync(tar) : tar
    descriptors.push({ mediaType: `application/vnd.oci.image.layer.v1.tar${compress ? '+gzip' : ''}`, ...blob(bytes) })
  }
  const Labels = {
    'io.buildpacks.buildpackage.metadata': JSON.stringify({ ...main, stacks: [{ id: '*' }] }),
    'io.buildpacks.buildpack.layers': JSON.stringify(byId),
    ...labels,
  }
  const config = blob(Buffer.from(JSON.stringify({ ...platform, config: { Labels }, rootfs: { type: 'layers', diff_ids: diffIds } })))
  const manifest = blob(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers: descriptors })))
  contents.set('index.json', Buffer.from(index ?? JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType: MANIFEST, ...manifest }] })))
  contents.set('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}'))
  // Blobs may precede or follow the files that refer to them, and names may start with a slash.
  const files = [...contents].filter(([name]) => name !== leaveOut)
  return writeTar(join(scratch.path, 'bp.cnb'), files.map(([name, bytes]) => ({ name: `/${name}`, bytes })))
}

describe('a buildpack package', () => {
  test.each([true, false])('contains its buildpacks, the main one first, with their layers (compressed: %s)', async (compress) => {
    const order = [{ group: [{ id: 'acme/node', version: '1' }] }]
    const path = await writePackage({
      layers: [{ id: 'acme/node', version: '1' }, { id: 'acme/all', version: '2', order }],
      main: { id: 'acme/all', version: '2' },
      compress,
    })
    const found = await readBuildpacks(path)
    expect(found.map(({ descriptor }) => descriptor)).toMatchObject([
      { kind: 'buildpack', api: '0.11', info: { id: 'acme/all', version: '2' }, order },
      { api: '0.11', info: { id: 'acme/node', version: '1' }, targets: [{ os: 'linux' }] },
    ])
    const tar = await buffer(await found[1]!.layer.open())
    expect(tar.equals(await tarOf(layerOf('acme_node', '1')))).toBe(true)
    expect(digestOf(tar)).toBe(found[1]?.layer.diffId)
  })

  test.each([
    ['warns of another architecture', { os: 'linux', architecture: 'arm64' }, 1],
    ['is accepted without an architecture', { os: 'linux' }, 0],
  ])('%s', async (_, platform, warnings) => {
    const messages: string[] = []
    const events = (event: CnbEvent) => void (event.type === 'warning' && messages.push(event.message))
    await readBuildpacks(await writePackage({ layers: [{ id: 'a', version: '1' }], platform }), { events })
    expect(messages.filter((message) => message.endsWith(' is for linux/arm64, but linux/amd64 is needed: its programs may not run'))).toHaveLength(warnings)
    expect(messages).toHaveLength(warnings)
  })

  test('is rejected for another operating system', async () => {
    const path = await writePackage({ layers: [{ id: 'a', version: '1' }], platform: { os: 'windows', architecture: 'amd64' } })
    await expect(readBuildpacks(path)).rejects.toMatchObject({ code: 'CNB_PLATFORM_MISMATCH', message: `the package '${path}' is for windows/amd64, but linux/amd64 is needed` })
  })

  test('shares a layer between its buildpacks', async () => {
    const files = [...layerOf('a', '1'), ...layerOf('b', '1')]
    const [a, b] = await readBuildpacks(await writePackage({ layers: [{ id: 'a', version: '1', files }, { id: 'b', version: '1', files }] }))
    expect(a?.layer).toBe(b?.layer)
  })

  const node = { id: 'acme/node', version: '1' }
  const NODE = layerOf('acme_node', '1')
  const ROOT = '/cnb/buildpacks/acme_node/1'
  test.each([
    ['no label of layers', { layers: [node], labels: { 'io.buildpacks.buildpack.layers': '' } }, /no label io.buildpacks.buildpack.layers/],
    ['a label that is not JSON', { layers: [node], labels: { 'io.buildpacks.buildpack.layers': '{' } }, /is not JSON/],
    ['a layer that the image lacks', { layers: [node], labels: { 'io.buildpacks.buildpack.layers': `{"acme/node":{"1":{"api":"0.11","layerDiffID":"sha256:${'1'.repeat(64)}"}}}` } }, /lacks layer/],
    ['an ID that is a path', { layers: [{ id: '../../etc', version: '1' }] }, /'..\/..\/etc' is not a buildpack id/],
    ['a version that is a path', { layers: [{ id: 'acme/node', version: '../../etc' }] }, /"..\/..\/etc" is not a version/],
    ['an ID with control characters', { layers: [{ id: 'acme/\u001b[31m', version: '1' }] }, /"acme\/\\u001b\[31m" is not a buildpack id/],
    ['a label without its main buildpack', { layers: [node], main: { id: 'acme/other', version: '2' } }, /lacks its main buildpack 'acme\/other@2'/],
  ])('is rejected for %s', async (_, given: Package, message) => {
    await expect(readBuildpacks(await writePackage(given))).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID', message: expect.stringMatching(message) as string })
  })

  test.each([
    ['a layer with other content than it says', { layers: [{ ...node, diffId: `sha256:${'0'.repeat(64)}` }] }, /should contain layer/],
    ['a layer that writes over the lifecycle', { layers: [{ ...node, files: [{ name: '/cnb/lifecycle/detector', text: 'x' }] }] }, /not a file of its buildpacks/],
    ['a layer that climbs out', { layers: [{ ...node, files: [{ name: '/cnb/buildpacks/../../etc/passwd', text: 'x' }] }] }, /has '\.\.'/],
    ['a link where buildpacks are', { layers: [{ ...node, files: [{ name: '/cnb/buildpacks', type: 'symlink' as const, linkname: '/etc' }] }] }, /not a file of its buildpacks/],
    ['a hard link to the lifecycle', { layers: [{ ...node, files: [{ name: '/cnb/buildpacks/x', type: 'link' as const, linkname: '/cnb/lifecycle/detector' }] }] }, /not a file of its buildpacks/],
    ['a file below a link', { layers: [{ ...node, files: [{ name: `${ROOT}/x`, type: 'symlink' as const, linkname: '/cnb/lifecycle' }, { name: `${ROOT}/x/detector`, text: 'x' }] }] }, /below the symbolic link/],
    ['a file of another buildpack', { layers: [{ ...node, files: [...NODE, { name: '/cnb/buildpacks/other/1/bin/build', text: 'x' }] }] }, /'\/cnb\/buildpacks\/other\/1\/bin\/build', which is not a file of its buildpacks/],
    ['a file in place of its directory', { layers: [{ ...node, files: [{ name: ROOT, text: 'x' }] }] }, /not a file of its buildpacks/],
    ['a deletion of another buildpack', { layers: [{ ...node, files: [...NODE, { name: '/cnb/buildpacks/.wh.other', text: '' }] }] }, /not a file of its buildpacks/],
    ['a deletion of all buildpacks', { layers: [{ ...node, files: [...NODE, { name: '/cnb/buildpacks/.wh..wh..opq', text: '' }] }] }, /not a file of its buildpacks/],
    ['a deletion in its directory', { layers: [{ ...node, files: [...NODE, { name: `${ROOT}/.wh.bin`, text: '' }] }] }, /name of a deletion in a layer/],
    ['a device', { layers: [{ ...node, files: [...NODE, { name: `${ROOT}/null`, type: 'character' as const, devMajor: 1, devMinor: 3 }] }] }, /is a character, which a buildpack must not contain/],
    ['the buildpack of another ID', { layers: [{ ...node, files: layerOf('acme_other', '1') }] }, /not a file of its buildpacks/],
    ['no buildpack.toml', { layers: [{ ...node, files: NODE.slice(0, 2) }] }, /lacks '\/cnb\/buildpacks\/acme_node\/1\/buildpack.toml' of 'acme\/node@1', which its label lists/],
  ])('fails when it is read, before its last bytes, for %s', async (_, given: Package, message) => {
    const [{ layer } = never()] = await readBuildpacks(await writePackage(given))
    let bytes = 0
    const reading = async ({ open }: { open: (this: void) => Promise<Readable> }): Promise<void> => {
      for await (const chunk of await open()) bytes += (chunk as Buffer).length
    }
    await expect(reading({ open: () => layer.open() })).rejects.toMatchObject({ message: expect.stringMatching(message) as string })
    expect(bytes).toBeLessThan(10_240)
    // A registry and an engine receive the compressed bytes.
    const { blob } = layer
    if (blob) await expect(reading({ open: () => blob.open() })).rejects.toMatchObject({ message: expect.stringMatching(message) as string })
  })

  test.each([
    ['an index without an image', { layers: [node], index: '{"schemaVersion":2,"manifests":[]}' }, /contains no image/],
    ['an index that is a list', { layers: [node], index: '[]' }, /no list of manifests/],
    ['a digest that is a path', { layers: [node], index: `{"manifests":[{"mediaType":"${MANIFEST}","digest":"../../x","size":1}]}` }, /no sha256 digest/],
  ])('is rejected as an image for %s', async (_, given: Package, message) => {
    await expect(readBuildpacks(await writePackage(given))).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID', message: expect.stringMatching(message) as string })
  })

  test('rejects a package of buildpacks as an extension', async () => {
    await expect(readBuildpacks(await writePackage({ layers: [node] }), {}, 'extension')).rejects.toMatchObject({ code: 'CNB_BUILDPACK_INVALID', hint: 'Pass a package of extensions.' })
  })
})

function never(): never {
  throw new Error('the package has no buildpack')
}
