import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkLayoutFile, EMPTY_INDEX, imagesOf, namesOf, withImage } from '../../../../src/images/oci-layout/layout-index.ts'
import type { Descriptor } from '../../../../src/oci/descriptor.ts'
import { digestOf } from '../../../../src/oci/digest.ts'
import { OCI_MANIFEST } from '../../../../src/oci/media-types.ts'

interface Index {
  [key: string]: unknown
  manifests: { digest: string; annotations?: Record<string, string> }[]
}

const REF_NAME = 'org.opencontainers.image.ref.name'
const parse = (index: Buffer): Index => JSON.parse(index.toString()) as Index
const imageAt = (number: number): Descriptor => ({ mediaType: OCI_MANIFEST, digest: digestOf(`${number}`), size: number })
const found = (index: Buffer, name?: string): number[] => imagesOf(index, name, 'a layout').map(({ size }) => size)

const names = fc.uniqueArray(fc.constantFrom('latest', '1.0', 'a/b:c', '__proto__'), { maxLength: 3 })
const steps = fc.array(fc.record({ image: fc.nat({ max: 5 }), names }), { maxLength: 12 })

test('moves a name to its last image, and keeps images without a name', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const [named, nameless] = [new Map<string, number>(), new Set<number>()]
      let index: Buffer = EMPTY_INDEX
      for (const step of all) {
        index = withImage(index, imageAt(step.image), step.names, 'a layout')
        for (const name of step.names) named.set(name, step.image)
        if (step.names.length === 0) nameless.add(step.image)
      }
      for (const [name, image] of named) expect(found(index, name)).toEqual([image])
      expect(new Set(namesOf(index, 'a layout'))).toEqual(new Set(named.keys()))
      expect(new Set(found(index))).toEqual(new Set([...named.values(), ...nameless]))
      expect(parse(index).manifests).toHaveLength(named.size + nameless.size)
    }),
  )
})

test('keeps unknown fields of the index and its entries, annotations and their order', () => {
  const entry = fc.record({
    mediaType: fc.string(), digest: fc.constantFrom(digestOf('a'), digestOf('b')), size: fc.nat(),
    annotations: fc.dictionary(fc.string(), fc.string()), 'x-unknown': fc.jsonValue(),
  })
  const index = fc.record({ schemaVersion: fc.constant(2), annotations: fc.dictionary(fc.string(), fc.string()), manifests: fc.array(entry, { maxLength: 5 }) })
  fc.assert(
    fc.property(index, (document) => {
      const before = JSON.parse(JSON.stringify(document)) as Index
      const { manifests, ...rest } = parse(withImage(Buffer.from(JSON.stringify(document)), imageAt(1), ['latest'], 'a layout'))
      expect(rest).toEqual({ mediaType: 'application/vnd.oci.image.index.v1+json', ...before, manifests: undefined })
      expect(manifests.slice(0, -1)).toEqual(before.manifests.filter(({ annotations }) => annotations?.[REF_NAME] !== 'latest'))
      expect(manifests.at(-1)).toMatchObject({ digest: digestOf('1'), annotations: { [REF_NAME]: 'latest' } })
    }),
  )
})

test.each(['', 'null', '[]', '{}', '{"manifests":{}}', '{"manifests":[{}]}', '{"manifests":[null]}', `{"manifests":[${Array.from({ length: 1001 }, () => JSON.stringify(imageAt(1))).join()}]}`])(
  'rejects the index %.40s',
  (text) => {
    const invalid = expect.objectContaining({ code: 'CNB_IMAGE_INVALID' })
    expect(() => imagesOf(Buffer.from(text), undefined, 'a layout')).toThrow(invalid)
    expect(() => withImage(Buffer.from(text), imageAt(1), ['latest'], 'a layout')).toThrow(invalid)
  },
)

test('accepts only version 1 of the layout', () => {
  expect(() => checkLayoutFile(Buffer.from('{"imageLayoutVersion":"1.0.0"}'), 'it')).not.toThrow()
  expect(() => checkLayoutFile(Buffer.from('{"imageLayoutVersion":"2.0.0"}'), 'it')).toThrow(expect.objectContaining({ code: 'CNB_UNSUPPORTED' }))
  for (const text of ['', '[]', 'null', '{"imageLayoutVersion":1}']) {
    expect(() => checkLayoutFile(Buffer.from(text), 'it')).toThrow(expect.objectContaining({ code: 'CNB_IMAGE_INVALID' }))
  }
})
