import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isTable } from '../../../src/formats/lenient-values.ts'
import { parseYamlDocuments } from '../../../src/formats/yaml/documents.ts'
import { formatFault } from '../../../src/resources/fields/field-fault.ts'
import { isImageName, isTagName, registryOfTag } from '../../../src/resources/fields/image-name.ts'
import { formatQuantity, parseQuantity, type Quantity } from '../../../src/resources/fields/quantity.ts'
import type { AnyResource } from '../../../src/resources/kind.ts'
import { readResources, type ResourceSet } from '../../../src/resources/read-resources.ts'
import { updateFaults } from '../../../src/resources/validate.ts'

interface Answers {
  documents: { name: string; text?: string; document: unknown; old?: unknown; decode?: string; defaulted?: Record<string, unknown>; validate?: string; admission?: string }[]
  quantities: { text: string; error?: string; canonical?: string; value?: number; decimal?: string }[]
  references: { text: string; tag: boolean; reference: boolean; registry?: string }[]
  scalars: { text: string; value?: unknown; error?: string }[]
}

const file = join(import.meta.dirname, '../../../fixtures/golden/kpack/validation/answers.json')
const answers = JSON.parse(readFileSync(file, 'utf8')) as Answers

/** Removes what Go writes or omits without meaning: null, empty text, zero, false, empty lists and objects. */
function meaningful(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((item) => meaningful(item) ?? null)
  if (!isTable(value)) return value === null || value === '' || value === 0 || value === false ? undefined : value
  const entries = Object.entries(value).map(([key, item]) => [key, meaningful(item)] as const).filter(([, item]) => item !== undefined)
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

function read(text: string): ResourceSet {
  return readResources([{ file: 'app.yaml', text, directory: '/' }])
}

/** The metadata of Go's objects that we do not keep, the defaults of cluster fields, and the version, which Go's conversion leaves empty. */
function comparable({ apiVersion: _version, kind: _kind, metadata, ...rest }: Record<string, unknown>): unknown {
  const { namespace: _, resourceVersion: _resourceVersion, managedFields: _managed, ...kept } = metadata as Record<string, unknown>
  return meaningful({ metadata: kept, ...rest })
}

describe.each(answers.documents.filter(({ old }) => old === undefined))('$name', ({ text, document, decode, defaulted, validate }) => {
  const set = read(text ?? JSON.stringify(document))
  const messages = set.faults.map(({ message }) => message.replace(/^[A-Z][A-Za-z]+(?: \S+)?: /, ''))
  const unknown = messages.filter((message) => message.startsWith('unknown field'))
  const others = messages.filter((message) => !message.startsWith('unknown field') && !message.includes('use lower-case letters'))

  it('is decoded as kpack decodes it', () => {
    if (decode === undefined) expect(unknown).toEqual([])
    else expect(messages[0]).toMatch(decodeFault(decode))
  })

  it('has the defaults of kpack', () => {
    if (!defaulted) return
    expect(comparable({ ...set.resources[0]?.resource })).toEqual(comparable(withoutStringData(defaulted)))
  })

  it('is checked as kpack checks it', () => {
    if (defaulted) expect(others.join('\n')).toBe(validate ?? '')
  })
})

/** Returns the form of our message for an error of Go's decoder. */
function decodeFault(text: string): RegExp {
  const [, unknown] = /^json: unknown field "(.*)"$/.exec(text) ?? []
  if (unknown !== undefined) return new RegExp(`^unknown field "${unknown}": `)
  const [, is, path = '', type = ''] = /^json: cannot unmarshal (\w+)(?: [\d.]+)? into Go struct field \w+\.(\S+) of type (.+)$/.exec(text) ?? []
  if (is === undefined) return text.includes('quantit') ? /^invalid value: .*\n(?:quantities must|unable to parse)/ : /^illegal base64 data: /
  const words = { bool: 'a boolean', array: 'a list', object: 'a map', string: 'a string', number: 'a number' }[is]
  const wanted = type.startsWith('[]') || /^v1alpha\d\.Services$/.test(type) ? 'a list' : { string: 'a string', bool: 'a boolean', int64: 'an integer' }[type] ?? 'a map of fields'
  const end = path.split('.').at(-1)
  return new RegExp(`^(?:\\S+\\.)?${end}(?:\\[\\d+\\])?(?:\\.\\w+)? must be ${wanted}, not ${words}$`)
}

/** The API server merges stringData into data and sets the type; the Go type alone does not. */
function withoutStringData({ stringData = {}, ...rest }: Record<string, unknown>): Record<string, unknown> {
  if (rest['kind'] !== 'Secret') return rest
  const encoded = Object.entries(stringData as Record<string, string>).map(([key, value]) => [key, Buffer.from(value).toString('base64')])
  return { ...rest, data: { ...(rest['data'] as object | undefined), ...Object.fromEntries(encoded) as object } }
}

describe.each(answers.documents.filter(({ old }) => old !== undefined))('$name', ({ document, old, validate = '' }) => {
  it('is allowed or refused as by kpack', () => {
    const [before, after] = [old, document].map((value) => read(JSON.stringify(value)).resources[0]?.resource) as [AnyResource, AnyResource]
    const text = updateFaults(before, after).map(formatFault).join('\n')
    // Our text of the difference has other names of fields.
    const comparable = (faults: string) => faults.replace(/(Immutable fields changed.*)\n[^]*/, '$1')
    expect(comparable(text)).toBe(comparable(validate))
  })
})

describe('a field that kpack does not have', () => {
  it('is a fault here, though a cluster removes it silently if the rest is valid', () => {
    const refused = answers.documents.filter(({ decode, admission }) => decode?.includes('unknown field') && admission !== undefined)
    expect(refused.length).toBeGreaterThan(10)
    expect(new Set(refused.map(({ admission }) => admission))).toEqual(new Set(['accepted']))
  })
})

describe('an amount', () => {
  it.each(answers.quantities)('reads "$text" as Kubernetes does', ({ text, error, canonical, decimal }) => {
    const quantity = parseQuantity(text)
    if (typeof quantity === 'string') return expect(quantity).toBe(error)
    expect(error).toBeUndefined()
    // Kubernetes keeps some spellings, such as '+5' and '1E3'.
    if (canonical !== text) expect(formatQuantity(quantity)).toBe(canonical)
    expect(formatQuantity(parseQuantity(formatQuantity(quantity)) as Quantity)).toBe(formatQuantity(quantity))
    expect(Number(quantity.nano)).toBeCloseTo(Number(decimal) * 1e9)
  })
})

describe('image names', () => {
  it.each(answers.references)('judges "$text" as kpack does', ({ text, tag, reference, registry }) => {
    expect([isTagName(text), isImageName(text), registryOfTag(text)]).toEqual([tag, reference, registry])
  })
})

describe('a plain scalar', () => {
  it.each(answers.scalars)('has the type that kubectl reads: $text', ({ text, value, error }) => {
    const read = () => parseYamlDocuments(`value: ${text}`, 'app.yaml')[0]?.value
    if (error !== undefined) expect(read).toThrow()
    else expect(read()).toEqual({ value })
  })
})
