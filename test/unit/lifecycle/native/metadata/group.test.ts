import { expect, test } from 'vitest'
import { readGroup } from '../../../../../src/lifecycle/native/metadata/group.ts'

test('reads buildpacks and extensions in order, homepage and optional only if present', () => {
  const toml = `
[[group]]
  id = "some/bp"
  version = "1.0"
  api = "0.10"
  homepage = "https://example.org"
[[group]]
  id = "other"
  version = "2"
  api = "0.9"
  optional = true
  unknown = "passes"
[[group-extensions]]
  id = "ext"
  version = "3"
  api = "0.10"
`
  expect(readGroup(toml)).toEqual({
    buildpacks: [
      { id: 'some/bp', version: '1.0', api: '0.10', homepage: 'https://example.org' },
      { id: 'other', version: '2', api: '0.9', optional: true },
    ],
    extensions: [{ id: 'ext', version: '3', api: '0.10' }],
  })
})

test("accepts keys in another letter case, like Go's decoder", () => {
  expect(readGroup('[[Group]]\nID = "a"\nVersion = "1"\nAPI = "0.10"\n').buildpacks).toEqual([{ id: 'a', version: '1', api: '0.10' }])
})

const one = (fields: string): string => `[[group]]\n${fields}\n`

test.each([
  ['', /contains no buildpack/],
  ['group = 1', /'group' must be a list/],
  ['[[group]', /not valid TOML/],
  [one('id = 1\nversion = "1"\napi = "0.10"'), /'group\[0\].id' must be a string/],
  [one('id = "a"\napi = "0.10"'), /'group\[0\].version' is required/],
  [one('id = ".."\nversion = "1"\napi = "0.10"'), /is not a valid ID/],
  [one('id = "config"\nversion = "1"\napi = "0.10"'), /is not a valid ID/],
  [one('id = "a\\u0000"\nversion = "1"\napi = "0.10"'), /is not a valid ID/],
  [one('id = "a"\nversion = "../1"\napi = "0.10"'), /is not a valid version/],
  [one('id = "a"\nversion = "1"\napi = "new"'), /is not a valid API/],
  [one('id = "a"\nversion = "1"\napi = "0.10"').repeat(2), /twice/],
  [one('id = "a/b"\nversion = "1"\napi = "0.10"') + one('id = "a_b"\nversion = "1"\napi = "0.10"'), /'a\/b' and 'a_b' in 'group' have the same directory/],
  [`# ${'x'.repeat(1024 * 1024)}`, /larger/],
])('rejects %j as a failure of detection', (toml, message) => {
  expect(() => readGroup(toml)).toThrow(expect.objectContaining({ code: 'CNB_DETECT_FAILED', message: expect.stringMatching(message) }))
})
