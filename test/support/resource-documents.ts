/** Generates documents of resources for property tests. */

import fc from 'fast-check'
import type { Schema } from '../../src/resources/fields/schema.ts'
import { storageVersion, type AnyResource, type Kind } from '../../src/resources/kind.ts'

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
export function documentOf(kind: Kind): fc.Arbitrary<AnyResource> {
  const [version] = Object.values(kind.versions)
  const metadata = fc.record({ name: fc.stringMatching(/^[a-z0-9]{1,9}$/), labels: fc.dictionary(TEXT, TEXT, { maxKeys: 2 }) })
  const fields = fc.record(Object.fromEntries(Object.entries(version?.fields ?? {}).map(([key, schema]) => [key, valueOf(schema)])), { requiredKeys: [] })
  return fc.tuple(metadata, fields).map(([metadata, rest]) => ({ apiVersion: storageVersion(kind), kind: kind.kind, metadata, ...rest }))
}
