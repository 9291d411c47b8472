import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import type { Schema } from '../../../src/resources/fields/schema.ts'
import { KINDS } from '../../../src/resources/kind-list.ts'
import { storageVersion, type AnyResource, type Kind } from '../../../src/resources/kind.ts'
import { readResources } from '../../../src/resources/read-resources.ts'
import { resourceError } from '../../../src/resources/resource-fault.ts'
import { orderedResource, writeJson, writeYaml } from '../../../src/resources/write-resource.ts'

const TEXT = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.constantFrom('on', '010', '1.5', 'null', '~', '- a', 'a: b', '#', '2024-01-01', '<<', '__proto__'))
  .filter((text) => !/[\ud800-\udfff]/.test(text) || text.isWellFormed())

/** Generates data of a schema, with some fields left out. */
function valueOf(schema: Schema): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'string':
      return TEXT
    case 'boolean':
      return fc.boolean()
    case 'integer':
      return fc.integer({ min: 1 })
    case 'quantity':
      return fc.tuple(fc.integer({ min: 1, max: 7 }), fc.constantFrom('', 'm', 'k', 'M', 'G', 'Mi', 'Gi')).map(([number, unit]) => `${number}${unit}`)
    case 'base64':
      return fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('base64'))
    case 'any':
      return fc.constant({ reason: 'x' })
    case 'list':
      return fc.array(valueOf(schema.items), { maxLength: 2 })
    case 'map':
      return fc.dictionary(TEXT, valueOf(schema.values), { maxKeys: 3 })
    case 'object':
      return fc.record(Object.fromEntries(Object.entries(schema.fields).map(([key, inner]) => [key, valueOf(inner)])), { requiredKeys: [] })
  }
}

/** Generates documents of a kind with fields of the right types; the rules of a kind may reject them. */
function documentOf(kind: Kind): fc.Arbitrary<AnyResource> {
  const [version] = Object.values(kind.versions)
  const metadata = fc.record({ name: fc.stringMatching(/^[a-z0-9]{1,9}$/), labels: fc.dictionary(TEXT, TEXT, { maxKeys: 2 }) })
  const fields = fc.record(Object.fromEntries(Object.entries(version?.fields ?? {}).map(([key, schema]) => [key, valueOf(schema)])), { requiredKeys: [] })
  return fc.tuple(metadata, fields).map(([metadata, rest]) => ({ apiVersion: storageVersion(kind), kind: kind.kind, metadata, ...rest }))
}

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
