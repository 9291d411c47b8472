import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digestOf } from '../../../src/oci/digest.ts'
import { encodeManifest, isIndex, readIndex, readManifest } from '../../../src/oci/manifest.ts'
import { encodeIndex } from '../../../src/oci/image-index.ts'
import { DOCKER_INDEX, DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from '../../../src/oci/media-types.ts'
import { readImageConfig } from '../../../src/oci/read-config.ts'

const descriptor = fc.record({ mediaType: fc.string(), digest: fc.string().map(digestOf), size: fc.nat() })
const invalid = expect.objectContaining({ code: 'CNB_IMAGE_INVALID' }) as Error
const bytes = (document: unknown): Buffer => Buffer.from(JSON.stringify(document))

test('reads a written manifest, with only the standard members of blobs', () => {
  fc.assert(fc.property(descriptor, fc.array(descriptor), (config, layers) => {
    expect(readManifest(encodeManifest({ config, layers }), 'x')).toEqual({ config, layers })
    expect(encodeManifest({ config: { ...config, annotations: { a: 'b' } }, layers })).toEqual(encodeManifest({ config, layers }))
  }))
})

describe('untrusted documents', () => {
  test('reads or rejects any document, without other errors', () => {
    fc.assert(fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      for (const read of [readManifest, readIndex, readImageConfig]) {
        try {
          read(Buffer.from(text), 'x')
        } catch (error) {
          expect(error).toEqual(invalid)
        }
      }
    }))
  })

  const good = { mediaType: 'm', digest: digestOf('a'), size: 1 }
  test.each([
    ['no config', { layers: [] }],
    ['a config without a digest', { config: { ...good, digest: 'sha256:x' }, layers: [] }],
    ['a layer without a size', { config: good, layers: [{ ...good, size: -1 }] }],
    ['a size that no number holds', { config: good, layers: [{ ...good, size: 1e300 }] }],
    ['no layers', { config: good }],
    ['more layers than any image has', { config: good, layers: Array.from({ length: 10_001 }, () => good) }],
  ])('rejects a manifest with %s', (_, document) => {
    expect(() => readManifest(bytes(document), 'x')).toThrow(invalid)
  })

  test('rejects an endless index', () => {
    expect(() => readIndex(bytes({ manifests: Array.from({ length: 1001 }, () => good) }), 'x')).toThrow(invalid)
  })

  test('reports a manifest of schema 1, from before 2016, by its type', () => {
    expect(() => readManifest(bytes({ schemaVersion: 1, fsLayers: [] }), 'x')).toThrow(expect.objectContaining({ code: 'CNB_UNSUPPORTED' }) as Error)
  })

  test('rejects a configuration with an invalid layer digest', () => {
    expect(() => readImageConfig(bytes({ rootfs: { diff_ids: ['sha256:x'] } }), 'x')).toThrow(invalid)
  })
})

test('keeps the members of a configuration, except those of a wrong type', () => {
  const config = { Env: ['A=b', 1], Labels: { a: 'b', c: 1 }, Cmd: null, Healthcheck: { Test: ['x'] } }
  const document = { os: 'linux', architecture: 'arm64', variant: '', config, rootfs: { diff_ids: [digestOf('a')] }, history: [{ created_by: 'x', empty_layer: true }, 1], more: 1 }
  expect(readImageConfig(bytes(document), 'x')).toEqual({
    ...{ os: 'linux', architecture: 'arm64', more: 1 },
    config: { Env: ['A=b'], Labels: { a: 'b' }, Cmd: null, Healthcheck: { Test: ['x'] } },
    rootfs: { type: 'layers', diff_ids: [digestOf('a')] },
    history: [{ created_by: 'x', empty_layer: true }],
  })
})

test('recognizes an index by its media type, or by its members if the type is missing', () => {
  for (const type of [OCI_INDEX, DOCKER_INDEX]) expect(isIndex(type, bytes({}), 'x')).toBe(true)
  for (const type of [OCI_MANIFEST, DOCKER_MANIFEST]) expect(isIndex(type, bytes({ manifests: [] }), 'x')).toBe(false)
  expect([isIndex('', bytes({ manifests: [] }), 'x'), isIndex('', bytes({ layers: [] }), 'x')]).toEqual([true, false])
})

test('reads and writes annotations in the order of their names, and none without', () => {
  const image = { config: { mediaType: OCI_CONFIG, digest: digestOf(Buffer.from('c')), size: 1 }, layers: [] }
  const content = encodeManifest({ ...image, annotations: { b: '2', a: '1' } })
  expect(content.toString()).toContain('"layers":[],"annotations":{"a":"1","b":"2"}}')
  expect(readManifest(content, 'image').annotations).toEqual({ a: '1', b: '2' })
  expect(encodeManifest({ ...image, annotations: {} })).toEqual(encodeManifest(image))
  expect(encodeIndex({ manifests: [], annotations: { a: '1' } }).toString()).toContain('"annotations":{"a":"1"}')
})
