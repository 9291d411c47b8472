import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { readTar } from '../../../../src/archive/tar/tar-reader.ts'
import { makeTarLayer } from '../../../../src/archive/tar/tar-layer.ts'
import type { TarEntry } from '../../../../src/archive/tar/tar-writer.ts'
import { readLifecycleImage } from '../../../../src/builder/lifecycle/lifecycle-image.ts'
import { releaseUrl } from '../../../../src/builder/lifecycle/lifecycle-location.ts'
import type { Image, Layer } from '../../../../src/images/image.ts'
import { containing } from '../../../support/matching.ts'
import { LIFECYCLE_TOML, PHASES } from '../lifecycle-files.ts'

const LABELS = {
  'io.buildpacks.lifecycle.version': '0.22.0',
  'io.buildpacks.lifecycle.apis': JSON.stringify({ buildpack: { deprecated: [], supported: ['0.11', '0.10'] }, platform: { deprecated: ['0.12'], supported: ['0.13'] } }),
}
const entry = (name: string, content = name, rest: Partial<TarEntry> = {}): TarEntry => ({ type: 'file', name, mode: 0o755, uid: 0, gid: 0, mtime: 0, size: content.length, content: Buffer.from(content), ...rest })
const link = (name: string, linkname: string): TarEntry => ({ type: 'symlink', name, linkname, mode: 0o777, uid: 0, gid: 0, mtime: 0 })
/** The layer of the image that buildpacks/lifecycle publishes. */
const RELEASE = [entry('/cnb/lifecycle.toml', LIFECYCLE_TOML), entry('/cnb/lifecycle/lifecycle'), entry('/cnb/lifecycle/launcher'), ...PHASES.map((phase) => link(`/cnb/lifecycle/${phase}`, 'lifecycle'))]
const layerOf = (entries: readonly TarEntry[]): Promise<Layer> =>
  makeTarLayer(async function* () {
    yield* entries
  })
const image = async (labels: Record<string, string>, ...layers: (readonly TarEntry[])[]): Promise<Image> =>
  ({ reference: 'acme/lifecycle', labels, layers: await Promise.all(layers.map(layerOf)) }) as unknown as Image
const namesIn = async (layer: Layer): Promise<string[]> => {
  const names: string[] = []
  for await (const { name } of readTar(await layer.open(), { source: 'layer', invalid: 'CNB_INTERNAL' })) names.push(name.toString())
  return names
}

describe('readLifecycleImage', () => {
  test('reads the binaries of the layer, and version and APIs of the labels', async () => {
    const lifecycle = await readLifecycleImage(await image(LABELS, [entry('/bin/sh')], RELEASE))
    expect(lifecycle).toMatchObject({ version: '0.22.0', api: { buildpack: '0.10', platform: '0.12' }, apis: { platform: { deprecated: ['0.12'], supported: ['0.13'] } } })
    expect(await namesIn(lifecycle.layer)).toEqual(['/cnb/lifecycle', '/cnb/lifecycle/lifecycle', '/cnb/lifecycle/launcher', ...PHASES.map((phase) => `/cnb/lifecycle/${phase}`), '/lifecycle'])
  })

  test('makes the same layer of the same files in an image with other files', async () => {
    const plain = await readLifecycleImage(await image(LABELS, RELEASE))
    const other = await readLifecycleImage(await image(LABELS, RELEASE.slice(0, 2), [entry('/etc/passwd'), ...RELEASE], [entry('/cnb/other')]))
    expect(other.layer.diffId).toBe(plain.layer.diffId)
  })

  test('reads lifecycle.toml without labels', async () => {
    expect(await readLifecycleImage(await image({}, RELEASE))).toMatchObject({ version: '0.21.0' })
  })

  test.each<[string, Record<string, string>, TarEntry[], string, string]>([
    ['an image without a lifecycle', LABELS, [entry('/bin/sh'), entry('/cnb/lifecycle.toml')], 'CNB_LIFECYCLE_INVALID', "the image 'acme/lifecycle' has no files in /cnb/lifecycle"],
    ['a missing binary', LABELS, RELEASE.slice(0, -1), 'CNB_LIFECYCLE_INVALID', `the lifecycle 'acme/lifecycle' lacks ${PHASES.at(-1)}`],
    ['neither labels nor lifecycle.toml', {}, RELEASE.slice(1), 'CNB_LIFECYCLE_INVALID', "there is no lifecycle.toml in 'acme/lifecycle'"],
    ['a label that is not JSON', { ...LABELS, 'io.buildpacks.lifecycle.apis': '{' }, RELEASE, 'CNB_IMAGE_INVALID', 'is not JSON'],
    ['a label without the platform API', { ...LABELS, 'io.buildpacks.lifecycle.apis': '{"buildpack":{"supported":["0.1"]}}' }, RELEASE, 'CNB_IMAGE_INVALID', 'the platform API is missing'],
    ['a link out of the directory', LABELS, [...RELEASE, link('/cnb/lifecycle/extender', '../../etc/passwd')], 'CNB_LIFECYCLE_INVALID', 'outside its directory'],
    ['a path out of the layer', LABELS, [...RELEASE, entry('/cnb/lifecycle/../../etc/passwd')], 'CNB_LIFECYCLE_INVALID', '..'],
  ])('refuses %s', async (_title, labels, entries, code, message) => {
    await expect(readLifecycleImage(await image(labels, entries))).rejects.toMatchObject({ code, message: containing(message) })
  })

  test('stops at a broken layer', async () => {
    const broken = { diffId: 'sha256:x', open: async () => Readable.from([Buffer.from('no tar at all')]) } as unknown as Layer
    await expect(readLifecycleImage({ ...(await image(LABELS)), layers: [broken] })).rejects.toMatchObject({ code: 'CNB_LIFECYCLE_INVALID' })
  })
})

describe('releaseUrl', () => {
  const base = 'https://github.com/buildpacks/lifecycle/releases/download/v0.21.0/lifecycle-v0.21.0+linux.'
  test.each([['amd64', 'x86-64'], ['arm64', 'arm64'], ['ppc64le', 'ppc64le'], ['s390x', 's390x']])('returns the address of pack for %s', (architecture, name) => {
    expect(releaseUrl('0.21.0', { os: 'linux', architecture })).toBe(`${base}${name}.tgz`)
  })

  test.each([{ os: 'linux', architecture: 'riscv64' }, { os: 'windows', architecture: 'amd64' }, { os: 'linux', architecture: 'toString' }])('refuses %j', (platform) => {
    expect(() => releaseUrl('0.21.0', platform)).toThrow(expect.objectContaining({ code: 'CNB_PLATFORM_MISMATCH' }) as Error)
  })
})
