import fc from 'fast-check'
import { expect, test } from 'vitest'
import { replaceOutsideText } from '../../../src/formats/toml-text.ts'

const marked = (toml: string): string => replaceOutsideText(toml, (part) => part.replace(/./g, '.'))

test.each([
  ['a = "b # c" # d\ne = 1', '...."b # c".# d\n.....'],
  [`a = 'b"' + 1`, `....'b"'....`],
  ['a = "\\"\\\\" + 1', '...."\\"\\\\"....'],
  ['a = """b\n"" \\""" """"" + 1', '...."""b\n"" \\""" """""....'],
  ["a = '''b\n'' ''''' + 1", "....'''b\n'' '''''...."],
  ['a = "open\nb = 1', '...."open\n.....'],
  ['a = """open\nb = 1', '...."""open\nb = 1'],
])('keeps strings and comments of %j', (toml, expected) => {
  expect(marked(toml)).toBe(expected)
})

test('keeps every character of any text', () => {
  const unit = fc.constantFrom('"', "'", '#', '\\', '\n', 'a', '=')
  fc.assert(fc.property(fc.string({ unit }), (toml) => void expect(replaceOutsideText(toml, (part) => part)).toBe(toml)))
})

test.each(['\\"x', '"""\\', "'''", '"\n', '#"'])('scans a hundred thousand of %j in an unterminated string in linear time', (part) => {
  const toml = `a = "${part.repeat(100_000)}`
  expect(replaceOutsideText(toml, (outside) => outside)).toHaveLength(toml.length)
})
