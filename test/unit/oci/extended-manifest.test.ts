import { expect, test } from 'vitest'
import { digestOf } from '../../../src/oci/digest.ts'
import { extendManifest, storedLayers } from '../../../src/oci/extended-manifest.ts'

const layer = { mediaType: 'm', size: 1, digest: digestOf('a'), urls: ['https://example.com/<a>'], annotations: { b: '1', a: '2' } }
const config = { mediaType: 'c', size: 2, digest: digestOf('b'), data: 'e30=' }
const manifest = Buffer.from(JSON.stringify({ layers: [{ ...layer, extra: 1 }], config, subject: layer, annotations: { k: 'v' }, mediaType: 'x', schemaVersion: 2, extra: true }))

test('keeps the members of Go, in the order of Go', () => {
  const bytes = Buffer.from('{"a":1}')
  const added = { mediaType: 'n', digest: digestOf('n'), size: 3 }
  const extended = extendManifest(manifest, [added], bytes, { digest: digestOf(bytes) }, 'x').toString()
  expect(extended).toBe(
    `{"schemaVersion":2,"mediaType":"x","config":{"mediaType":"c","size":7,"digest":"${digestOf(bytes)}","data":"eyJhIjoxfQ=="},"layers":[`
    + `{"mediaType":"m","size":1,"digest":"${layer.digest}","urls":["https://example.com/\\u003ca\\u003e"],"annotations":{"a":"2","b":"1"}},`
    + `{"mediaType":"n","size":3,"digest":"${added.digest}"}],"annotations":{"k":"v"}}`)
})

test('returns the layers with all members', () => {
  expect(storedLayers(manifest, 'x')).toMatchObject([{ digest: layer.digest, urls: layer.urls }])
})

test.each(['{}', '[]', '{"layers":[{}],"config":{}}', 'x'])('rejects the manifest %s', (text) => {
  expect(() => storedLayers(Buffer.from(text), 'x')).toThrow('cannot read the manifest of x')
})
