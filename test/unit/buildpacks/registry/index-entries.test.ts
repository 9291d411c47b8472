import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import { chooseEntry, entryPath } from '../../../../src/buildpacks/registry/index-entries.ts'
import { containing } from '../../../support/matching.ts'

const IMAGE = `registry.example/acme/node@sha256:${'a'.repeat(64)}`
const OTHER = `registry.example/acme/node@sha256:${'b'.repeat(64)}`
const line = (version: string, rest: object = {}): string => JSON.stringify({ ns: 'acme', name: 'node', version, yanked: false, addr: IMAGE, ...rest })
const choose = (lines: readonly string[] | undefined, version?: string) => chooseEntry(lines?.join('\n'), { id: 'acme/node', version }, 'mine')

describe('entryPath', () => {
  test.each([
    ['acme/a', '1/acme_a'],
    ['acme/go', '2/acme_go'],
    ['acme/php', '3/ph/acme_php'],
    ['acme/node', 'no/de/acme_node'],
    ['acme/nodejs-engine.x', 'no/de/acme_nodejs-engine.x'],
  ])('returns the path that pack uses for %s', (id, path) => {
    expect(entryPath(id)).toBe(path)
  })

  test.each(['node', 'a/b/c', '/node', 'acme/', 'Acme/node', 'acme/no_de', '../../etc/passwd', 'acme/no de', `acme/${'a'.repeat(254)}`, 'acme/a\n'])('refuses %j', (id) => {
    expect(() => entryPath(id)).toThrow(expect.objectContaining({ code: 'CNB_USAGE' }) as Error)
  })

  test('stays in the index for every accepted id', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('acme', '..', '.'), (name, namespace) => {
        try {
          expect(entryPath(`${namespace}/${name}`)).toMatch(/^[a-z0-9.-]{1,2}\/(?:[a-z0-9.-]{1,2}\/)?[a-z0-9.-]+_[a-z0-9.-]+$/)
        } catch (error) {
          expect(error).toBeInstanceOf(CnbError)
        }
      }),
    )
  })
})

describe('chooseEntry', () => {
  test('returns the wanted version', () => {
    expect(choose([line('1.0.0'), line('2.0.0', { addr: OTHER })], '1.0.0')).toEqual({ id: 'acme/node', version: '1.0.0', reference: IMAGE })
  })

  test('returns the highest version without yanked ones, also with blank lines and line ends of Windows', () => {
    expect(choose([line('1.9.0'), '', `${line('1.10.0', { addr: OTHER })}\r`, line('1.11.0', { yanked: true })])).toMatchObject({ version: '1.10.0', reference: OTHER })
  })

  test('accepts a repeated line', () => {
    expect(choose([line('1.0.0'), line('1.0.0')], '1.0.0').reference).toBe(IMAGE)
  })

  test.each<[string, string[] | undefined, string | undefined, string, string]>([
    ['an unknown buildpack', undefined, undefined, 'CNB_BUILDPACK_NOT_FOUND', "the buildpack registry 'mine' has no buildpack 'acme/node'"],
    ['a file without lines', ['', ''], undefined, 'CNB_BUILDPACK_NOT_FOUND', "the buildpack registry 'mine' has no buildpack 'acme/node'"],
    ['an unknown version', [line('1.0.0')], '2.0.0', 'CNB_BUILDPACK_NOT_FOUND', "the buildpack registry 'mine' has no version 2.0.0 of 'acme/node'"],
    ['a yanked version', [line('1.0.0', { yanked: true }), line('2.0.0')], '1.0.0', 'CNB_BUILDPACK_NOT_FOUND', "'acme/node@1.0.0' is yanked: its authors withdrew it from the buildpack registry 'mine'"],
    ['a version that a later line yanks', [line('1.0.0'), line('1.0.0', { yanked: true })], '1.0.0', 'CNB_BUILDPACK_NOT_FOUND', "'acme/node@1.0.0' is yanked"],
    ['a buildpack with yanked versions only', [line('1.0.0', { yanked: true })], undefined, 'CNB_BUILDPACK_NOT_FOUND', "'acme/node@1.0.0' is yanked"],
    ['two images of one version', [line('1.0.0'), line('1.0.0', { addr: OTHER })], '1.0.0', 'CNB_BUILDPACK_INVALID', `'acme/node@1.0.0' is ambiguous in the buildpack registry 'mine': ${IMAGE} and ${OTHER}`],
    ['an address without a digest', [line('1.0.0', { addr: 'registry.example/acme/node:1' })], undefined, 'CNB_BUILDPACK_INVALID', 'is not an image with a digest'],
    ['no address', [line('1.0.0', { addr: undefined })], undefined, 'CNB_BUILDPACK_INVALID', 'is not an image with a digest'],
    ['an address that is not a name', [line('1.0.0', { addr: '--all' })], undefined, 'CNB_BUILDPACK_INVALID', 'is not an image with a digest'],
    ['a line of another buildpack', [line('1.0.0', { name: 'other' })], undefined, 'CNB_BUILDPACK_INVALID', 'line 1 of'],
    ['a line that is not JSON', [line('1.0.0'), '{'], '1.0.0', 'CNB_BUILDPACK_INVALID', "line 2 of 'acme/node' in the buildpack registry 'mine' is not JSON"],
    ['a line that is not a table', ['[]'], undefined, 'CNB_BUILDPACK_INVALID', 'line 1 of'],
    ['a version that is a number', [line('1.0.0', { version: 1 })], undefined, 'CNB_BUILDPACK_INVALID', 'has no version'],
    ['yanked as text', [line('1.0.0', { yanked: 'no' })], undefined, 'CNB_BUILDPACK_INVALID', 'is not an entry'],
  ])('refuses %s', (_title, lines, version, code, message) => {
    expect(() => choose(lines, version)).toThrow(expect.objectContaining({ code, message: containing(message) }) as Error)
  })

  test('lists the usable versions in the hint', () => {
    expect(() => choose([line('1.2.0'), line('1.10.0'), line('3.0.0', { yanked: true })], '3.0.0')).toThrow(expect.objectContaining({ hint: 'Use one of: 1.10.0, 1.2.0.' }) as Error)
  })

  test('returns an entry or throws a CnbError for any file', () => {
    const lines = fc.array(fc.oneof(fc.json(), fc.string(), fc.record({ ns: fc.constant('acme'), name: fc.constant('node'), version: fc.string(), yanked: fc.boolean(), addr: fc.constantFrom(IMAGE, OTHER, '') }).map((each) => JSON.stringify(each))))
    fc.assert(
      fc.property(lines, (some) => {
        try {
          expect([IMAGE, OTHER]).toContain(choose(some).reference)
        } catch (error) {
          expect(error).toBeInstanceOf(CnbError)
        }
      }),
    )
  })
})
