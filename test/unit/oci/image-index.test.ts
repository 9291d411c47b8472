import fc from 'fast-check'
import { expect, test } from 'vitest'
import { digestOf } from '../../../src/oci/digest.ts'
import { encodeIndex } from '../../../src/oci/image-index.ts'
import { readIndex } from '../../../src/oci/manifest.ts'
import { DOCKER_INDEX, OCI_INDEX, OCI_MANIFEST } from '../../../src/oci/media-types.ts'

test('encodes the same bytes as go-containerregistry', () => {
  const platform = { variant: 'v7', osFeatures: ['a'], osVersion: '10.0', architecture: 'arm', os: 'linux' }
  const entry = { mediaType: OCI_MANIFEST, digest: digestOf('x'), size: 1, annotations: { b: '<', a: '1' } }
  expect(encodeIndex({ mediaType: DOCKER_INDEX, manifests: [{ ...entry, platform }] }).toString()).toBe(
    `{"schemaVersion":2,"mediaType":"${DOCKER_INDEX}","manifests":[{"mediaType":"${OCI_MANIFEST}","size":1,"digest":"${digestOf('x')}",` +
      '"annotations":{"a":"1","b":"\\u003c"},"platform":{"architecture":"arm","os":"linux","os.version":"10.0","os.features":["a"],"variant":"v7"}}]}',
  )
  expect(encodeIndex({ manifests: [] }).toString()).toBe(`{"schemaVersion":2,"mediaType":"${OCI_INDEX}","manifests":[]}`)
})

test('returns the entries that were encoded, in readIndex', () => {
  const text = fc.string({ minLength: 1, unit: 'grapheme' })
  const platform = fc.record(
    { os: text, architecture: text, variant: text, osVersion: text, osFeatures: fc.array(text, { minLength: 1 }) },
    { requiredKeys: ['os', 'architecture'] },
  )
  const entry = fc.record(
    { mediaType: fc.string(), digest: text.map(digestOf), size: fc.nat(), platform, annotations: fc.dictionary(text.filter((key) => key !== '__proto__'), fc.string(), { minKeys: 1, noNullPrototype: true }), artifactType: text },
    { requiredKeys: ['mediaType', 'digest', 'size'] },
  )
  fc.assert(fc.property(fc.array(entry), (manifests) => {
    expect(readIndex(encodeIndex({ manifests }), 'x')).toEqual(manifests)
  }))
})
