import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import { KINDS } from '../../../src/resources/kind-list.ts'
import { readResources } from '../../../src/resources/read-resources.ts'
import { resourceError } from '../../../src/resources/resource-fault.ts'
import { orderedResource, writeJson, writeYaml } from '../../../src/resources/write-resource.ts'
import { documentOf } from '../../support/resource-documents.ts'

function read(text: string) {
  return readResources([{ file: 'a.yaml', text, directory: '/work' }])
}

describe('writing a resource', () => {
  it.each(KINDS)('returns YAML and JSON that read back equal: $kind', (kind) => {
    fc.assert(fc.property(documentOf(kind), (document) => {
      const [first] = read(JSON.stringify(document)).resources
      if (!first) throw new Error(JSON.stringify(read(JSON.stringify(document)).faults))
      for (const text of [writeYaml(first.resource), writeJson(first.resource)]) expect(read(text).resources.map(({ resource }) => resource)).toEqual([first.resource])
    }), { numRuns: 25 })
  })

  it('orders fields as kpack documents them, and keys of maps', () => {
    const resource = { spec: { runImage: { image: 'b' }, id: 's', buildImage: { image: 'a' } }, metadata: { labels: { b: '1', a: '2' }, name: 'base' }, kind: 'ClusterStack', apiVersion: 'kpack.io/v1alpha2' }
    expect(writeYaml(resource)).toBe('apiVersion: kpack.io/v1alpha2\nkind: ClusterStack\nmetadata:\n  name: base\n  labels:\n    a: "2"\n    b: "1"\nspec:\n  id: s\n  buildImage:\n    image: a\n  runImage:\n    image: b\n')
  })

  it('leaves a resource of an unknown kind as it is', () => {
    const resource = { kind: 'Other', apiVersion: 'v1', metadata: { name: 'a' } }
    expect(orderedResource(resource)).toBe(resource)
  })
})

describe('reading hostile text', () => {
  it.each([
    ['any text', fc.string({ unit: 'binary', maxLength: 200 })],
    ['text like YAML', fc.array(fc.constantFrom('a', ':', ' ', '\n', '- ', '{', '}', '[', ']', '&a ', '*a', '!!str ', '<<: ', '"', "'", '|\n', '? ', '#', '---\n', '\t', ','), { maxLength: 40 }).map((parts) => parts.join(''))],
    ['values of wrong types', fc.record({ apiVersion: fc.constant('kpack.io/v1alpha2'), kind: fc.constantFrom('Image', 'Builder', 'ClusterBuilder', 'Build', 'ClusterStore'), metadata: fc.jsonValue(), spec: fc.jsonValue() }).map((value) => JSON.stringify(value))],
  ])('returns faults, and throws nothing: %s', (_title, text) => {
    fc.assert(fc.property(text, (hostile) => {
      const [first, ...more] = read(hostile).faults
      if (first) expect(resourceError([first, ...more])).toBeInstanceOf(CnbError)
    }), { numRuns: 300 })
  })

  it('throws nothing for fields of any type, for each kind', () => {
    fc.assert(fc.property(fc.constantFrom(...KINDS), fc.jsonValue(), fc.jsonValue(), (kind, metadata, fields) => {
      for (const apiVersion of Object.keys(kind.versions).map((version) => (kind.group ? `${kind.group}/${version}` : version))) {
        read(JSON.stringify({ apiVersion, kind: kind.kind, metadata, spec: fields, status: fields, data: fields, secrets: fields }))
      }
    }))
  })
})
