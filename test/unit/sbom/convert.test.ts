import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import { SbomMerge } from '../../../src/sbom/merge.ts'
import { SBOM_FORMATS, type Sbom, type SbomFormat } from '../../../src/sbom/package.ts'
import { readSbom } from '../../../src/sbom/read/read-sbom.ts'
import { writeSbom } from '../../../src/sbom/write/write-sbom.ts'

const FIXTURES = join(import.meta.dirname, '../../../fixtures/sboms')
const SHOPS = readdirSync(FIXTURES).filter((name) => name.startsWith('shop'))
const require = createRequire(import.meta.url)

const fault = (why: string, cause?: unknown) => new CnbError('CNB_SBOM_INVALID', `the document ${why}`, { cause })
const read = (content: string | Buffer): Sbom => {
  const merge = new SbomMerge()
  merge.add(readSbom(Buffer.from(content), fault))
  return merge.result()
}
const readShop = (name: string) => read(readFileSync(join(FIXTURES, name)))
const write = (sbom: Sbom, format: SbomFormat) => writeSbom(sbom, { name: 'shop', version: 'sha256:1', isImage: true }, format)

let validate: Readonly<Record<SbomFormat, (text: string) => unknown>>

beforeAll(() => {
  const ajv = new Ajv({ strict: false, allErrors: false, addUsedSchema: false })
  formats.default(ajv)
  ajv.addFormat('iri-reference', (text: string) => URL.canParse(text, 'https://base.example'))
  ajv.addFormat('idn-email', /@/)
  const schemas = join(require.resolve('@cyclonedx/cyclonedx-library/package.json'), '../res/schema')
  const schema = (name: string) => JSON.parse(readFileSync(name, 'utf8')) as Record<string, unknown>
  for (const name of ['spdx', 'jsf-0.82', 'cryptography-defs']) ajv.addSchema({ ...schema(join(schemas, `${name}.SNAPSHOT.schema.json`)), $id: `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json` })
  const cycloneDx = ajv.compile(schema(join(schemas, 'bom-1.6.SNAPSHOT.schema.json')))
  const spdx = ajv.compile(schema(join(FIXTURES, 'schemas/spdx-2.3.json')))
  const errorsOf = (check: typeof spdx) => (text: string) => (check(JSON.parse(text)) ? undefined : check.errors)
  validate = { 'cyclonedx-json': errorsOf(cycloneDx), 'spdx-json': errorsOf(spdx), 'syft-json': () => undefined }
})

const LICENSES = { '@noble/hashes': ['MIT'], jszip: ['MIT OR GPL-3.0-or-later'], pako: ['MIT AND Zlib'] }

const summary = ({ packages }: Sbom): Record<string, { licenses: string[] }> =>
  Object.fromEntries([...packages.values()].filter(({ purl }) => purl?.startsWith('pkg:npm/')).map(({ purl, version, licenses, cpes }) => [purl, { version, cpes: cpes.length, licenses: [...new Set(licenses.map(({ text }) => text))].sort() }]))

test('reads the same packages and licences from all versions of the formats', () => {
  const all = SHOPS.map((name) => [name, summary(readShop(name))] as const)
  expect(all.length).toBe(6)
  for (const [name, packages] of all) {
    for (const [purl, { licenses }] of Object.entries(packages)) {
      const known = Object.entries(LICENSES).find(([key]) => purl.includes(`/${key.replace('@', '%40')}@`))?.[1]
      if (known) expect([name, purl, licenses]).toEqual([name, purl, known])
    }
    expect([name, Object.keys(packages).filter((purl) => /hashes|jszip|pako/.test(purl)).length]).toEqual([name, 3])
  }
})

describe.each(SHOPS)('%s', (name) => {
  test.each(SBOM_FORMATS)('becomes valid %s with the same packages', (format) => {
    const sbom = readShop(name)
    const text = write(sbom, format)
    expect(validate[format](text)).toBeUndefined()
    expect(summary(read(text))).toEqual(summary(sbom))
    expect(write(read(readFileSync(join(FIXTURES, name))), format)).toBe(text)
  })
})

const RICH = {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  metadata: { timestamp: '2026-01-31T12:00:00.123Z' },
  components: [
    {
      'type': 'library', 'bom-ref': 'a', 'group': 'org.x', 'name': 'a', 'version': '1', 'purl': 'pkg:maven/org.x/a@1', 'cpe': 'cpe:2.3:a:x:a:1:*:*:*:*:*:*:*', 'copyright': '(c) X',
      'supplier': { name: 'X Inc.', url: ['https://x.example'] },
      'hashes': [{ alg: 'SHA-256', content: 'a'.repeat(64) }],
      'licenses': [{ license: { name: 'X Public License', url: 'https://x.example/licence' } }, { license: { id: 'Apache-2.0' } }],
    },
    { type: 'library', 'bom-ref': 'b', name: 'b', licenses: [{ expression: 'MIT OR LicenseRef-own' }], components: [{ type: 'library', name: 'inner', version: '2' }] },
    { type: 'file', name: '/etc/passwd' },
  ],
  dependencies: [{ ref: 'b', dependsOn: ['a', 'nowhere'] }],
}

test.each(['cyclonedx-json', 'spdx-json'] as const)('keeps licences, hashes, suppliers, CPEs and dependencies in %s', (format) => {
  const sbom = read(JSON.stringify(RICH))
  expect(sbom.packages.size).toBe(3)
  const text = write(sbom, format)
  expect(validate[format](text)).toBeUndefined()
  const again = read(text)
  expect(again.created).toBe('2026-01-31T12:00:00Z')
  const a = again.packages.get('pkg:maven/org.x/a@1')
  expect(a).toMatchObject({ cpes: ['cpe:2.3:a:x:a:1:*:*:*:*:*:*:*'], hashes: [{ algorithm: 'SHA-256', value: 'a'.repeat(64) }], supplier: { name: 'X Inc.' }, copyright: '(c) X' })
  expect(a?.licenses.map((license) => license.text).join()).toMatch(/Apache-2.0/)
  expect([...again.needs.values()].flatMap((needed) => [...needed])).toEqual(['pkg:maven/org.x/a@1'])
  if (format === 'spdx-json') expect(text).toContain('"extractedText": "X Public License"')
})

test('does not depend on the order of documents and components', () => {
  const other = { ...RICH, components: RICH.components.toReversed() }
  for (const format of SBOM_FORMATS) expect(write(read(JSON.stringify(other)), format)).toBe(write(read(JSON.stringify(RICH)), format))
})

test('reads lists of texts of older schemas of Syft', () => {
  const old = { artifacts: [{ id: '1', name: 'x', version: '1', licenses: ['MIT'], cpes: ['cpe:2.3:a:x:x:1:*:*:*:*:*:*:*'] }], schema: { version: '3.0.1' } }
  expect([...read(JSON.stringify(old)).packages.values()]).toMatchObject([{ name: 'x', licenses: [{ text: 'MIT', isExpression: true }], cpes: [expect.stringContaining('cpe:2.3')] }])
})

test('writes values without a valid form as properties, and the document stays valid', () => {
  const odd = { bomFormat: 'CycloneDX', components: [{ type: 'strange', name: 'x\u0000\u202e', cpe: 'no cpe', hashes: [{ alg: 'SHA-224', content: 'zz' }], externalReferences: [{ type: 'website', url: 'not a link' }], licenses: [{ license: { name: 'odd <licence>' } }, { expression: 'MIT AND' }] }] }
  for (const format of SBOM_FORMATS) expect([format, validate[format](write(read(JSON.stringify(odd)), format))]).toEqual([format, undefined])
  expect(write(read(JSON.stringify(odd)), 'cyclonedx-json')).toContain('dev.cnb:hash:SHA-224')
})

test.each([
  ['a text', 'x', 'is not JSON'],
  ['a list', '[]', 'is not a JSON object'],
  ['another document', '{"a":1}', 'is not CycloneDX, SPDX 2 or Syft JSON'],
  ['SPDX 3', '{"spdxVersion":"SPDX-3.0"}', 'is not CycloneDX, SPDX 2 or Syft JSON'],
  ['a table for a list', '{"bomFormat":"CycloneDX","components":{}}', 'components is not a list'],
  ['a number for a component', '{"bomFormat":"CycloneDX","components":[1]}', 'components[0] is not an object'],
  ['a number for a name', '{"artifacts":[{"name":1}]}', 'artifacts[0].name is not a text'],
  ['a package without a name', '{"spdxVersion":"SPDX-2.3","packages":[{}]}', 'packages[0].name is missing'],
  ['a number for a licence', '{"artifacts":[{"name":"x","licenses":[1]}]}', 'artifacts[0].licenses[0] is not a text'],
  ['a member of the prototype', '{"artifacts":[{"__proto__":{"name":"x"}}]}', 'artifacts[0].name is missing'],
  ['an expression of excessive length', JSON.stringify({ artifacts: [{ name: 'x', licenses: ['('.repeat(5000)] }] }), 'has more than 2000 characters'],
  ['a name of excessive length', JSON.stringify({ artifacts: [{ name: 'x'.repeat(1024 * 1024 + 1) }] }), 'has more than 1048576 characters'],
])('refuses %s', (_title, text, why) => {
  expect(() => read(text)).toThrow(expect.objectContaining({ code: 'CNB_SBOM_INVALID', message: expect.stringContaining(why) as string }))
})

test('reads deep documents', () => {
  const depth = 20_000
  const deep = `${'{"type":"library","name":"x","components":['.repeat(depth)}${']}'.repeat(depth)}`
  expect(read(`{"bomFormat":"CycloneDX","components":[${deep}]}`).packages.size).toBe(1)
})

test('returns valid documents or its own error for any JSON', () => {
  const value = fc.oneof(fc.string(), fc.constantFrom('MIT', 'GPL-2.0+ WITH x', 'pkg:npm/x@1', 'https://x.example/', 'SHA-256', null, 1))
  const component = fc.dictionary(fc.constantFrom('name', 'type', 'version', 'purl', 'cpe', 'bom-ref', 'group', 'licenses', 'hashes', 'copyright', 'supplier'), fc.oneof(value, fc.array(fc.dictionary(fc.constantFrom('expression', 'alg', 'content'), value))))
  fc.assert(
    fc.property(fc.array(component), (components) => {
      let sbom: Sbom
      try {
        sbom = read(JSON.stringify({ bomFormat: 'CycloneDX', components }))
      } catch (error) {
        expect(error).toMatchObject({ code: 'CNB_SBOM_INVALID' })
        return
      }
      for (const format of SBOM_FORMATS) expect(validate[format](write(sbom, format))).toBeUndefined()
    }),
  )
})
