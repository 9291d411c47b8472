import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CnbEvent } from '../../../src/base/events.ts'
import { FieldReader } from '../../../src/formats/field-reader.ts'
import { readTomlFields } from '../../../src/formats/toml-fields.ts'

function read(text: string): { fields: FieldReader; warnings: string[] } {
  const warnings: string[] = []
  const events = (event: CnbEvent): void => void (event.type === 'warning' && warnings.push(event.message))
  return { fields: readTomlFields(text, 'a.toml', { events }), warnings }
}

describe('a key in other capitals', () => {
  test('is read, with a warning about the right spelling and the line, once for each spelling', () => {
    const { fields, warnings } = read('x = 1\n[IO.Buildpacks]\nExclude = ["a"]\n[[IO.Buildpacks.Groups]]\nID = "a"\n[[IO.Buildpacks.Groups]]\nID = "b"\n')
    const buildpacks = fields.table('io')?.table('buildpacks')
    expect(buildpacks?.strings('exclude')).toEqual(['a'])
    expect(buildpacks?.tables('groups').map((group) => group.requiredString('id'))).toEqual(['a', 'b'])
    expect(buildpacks?.unknownKeys()).toEqual([])
    expect(warnings).toEqual([
      "a.toml:2: write the key 'IO' as 'io'",
      "a.toml:2: write the key 'Buildpacks' as 'buildpacks'",
      "a.toml:3: write the key 'Exclude' as 'exclude'",
      "a.toml:4: write the key 'Groups' as 'groups'",
      "a.toml:5: write the key 'ID' as 'id'",
    ])
  })

  test("is recognized by Go's case folding only", () => {
    const { fields } = read('"ver\u017fion" = "1"\n"\u212aey" = "2"\n"cla\u00df" = "3"\n')
    expect([fields.string('version'), fields.string('key'), fields.string('class')]).toEqual(['1', '2', undefined])
  })

  test('has its position in an error', () => {
    const { fields } = read('[io.Buildpacks]\n\nExclude = 1\n')
    expect(() => fields.table('io')?.table('buildpacks')?.strings('exclude')).toThrow(
      expect.objectContaining({ message: "a.toml: 'io.Buildpacks.Exclude' must be a list of strings, not a number", position: { file: 'a.toml', line: 3, column: 1 } }),
    )
  })

  test('adds to the table with the right spelling', () => {
    const { fields, warnings } = read('[io.a]\nx = "1"\nw = 1\n[IO.a]\ny = "2"\n[IO.b]\nz = "3"\n')
    const a = fields.table('io')?.table('a')
    expect([a?.string('x'), a?.string('y'), fields.table('io')?.table('b')?.string('z')]).toEqual(['1', '2', '3'])
    expect(a?.unknownKeys()).toEqual(['io.a.w'])
    expect(warnings).toEqual(["a.toml:4: write the key 'IO' as 'io'"])
  })

  test('causes an error if the right spelling has a value too', () => {
    const { fields } = read('exclude = ["a"]\nExclude = ["b"]\n')
    expect(() => fields.strings('exclude')).toThrow(
      expect.objectContaining({ message: "a.toml: 'exclude' and 'Exclude' are the same key", hint: "Keep only the key 'exclude'.", position: { file: 'a.toml', line: 2, column: 1 } }),
    )
  })

  test('is a separate name in a map, and in a value of any type', () => {
    const { fields, warnings } = read('[hosts]\nReg = "1"\nreg = "2"\n[metadata]\nKey = 1\nkey = 2\n')
    const hosts = fields.map('hosts')
    expect(hosts?.keys().map((key) => hosts.string(key))).toEqual(['1', '2'])
    expect(fields.value('metadata')).toEqual({ Key: 1, key: 2 })
    expect(warnings).toEqual([])
  })

  test('is ignored in JSON', () => {
    const fields = new FieldReader({ Id: 'a' }, [], (_, message) => new Error(message) as never)
    expect(fields.string('id')).toBeUndefined()
    expect(fields.unknownKeys()).toEqual(['Id'])
  })
})

test('reads a document in any capitals like one in the right capitals', () => {
  const cased = fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }).map((upper) => (key: string) =>
    [...key].map((letter, index) => (upper[index] === true ? letter.toUpperCase() : letter)).join(''),
  )
  fc.assert(
    fc.property(cased, cased, cased, (a, b, c) => {
      const { fields, warnings } = read(`[${a('build')}]\n${b('image')} = "i"\n[[${a('build')}.${c('env')}]]\n${b('name')} = "n"\n`)
      const build = fields.table('build')
      expect(build?.string('image')).toBe('i')
      expect(build?.tables('env').map((entry) => entry.string('name'))).toEqual(['n'])
      const written = [a('build'), b('image'), c('env'), b('name')].filter((key) => key !== key.toLowerCase())
      expect(warnings).toHaveLength(new Set(written).size)
    }),
  )
})
