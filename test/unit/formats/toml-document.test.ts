import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TomlDocument } from '../../../src/formats/toml-document.ts'
import { parseToml } from '../../../src/formats/toml.ts'

const FILE = 'config.toml'
const CONFIG = `# my config
default-builder-image = "x"   # the builder
pull-policy = 'always'

# own mirrors
[[run-images]] # first
image = "r"
mirrors = [ "a", # near
  "b" ]

[of-another-tool.table]
x = 1 # keep

[[trusted-builders]]
name = "t1"

# about t2
[[trusted-builders]]
name = "t2"

[registry-mirrors]
"docker.io" = "m" # why
`

/** Returns the text after a change. */
function edited(text: string, change: (document: TomlDocument) => void): string {
  const document = new TomlDocument(text, FILE)
  change(document)
  return document.text
}

describe('a TOML document', () => {
  test.each<[string, (document: TomlDocument) => void, string, string]>([
    ['replaces a value', (it) => it.set(['pull-policy'], 'never'), "pull-policy = 'always'", 'pull-policy = "never"'],
    ['keeps the comment behind a value', (it) => it.set(['default-builder-image'], 'y'), '"x"   # the builder', '"y"   # the builder'],
    ['adds a key after the others', (it) => it.set(['lifecycle-image'], 'l'), "'always'\n", "'always'\nlifecycle-image = \"l\"\n"],
    ['adds a key to a table', (it) => it.set(['registry-mirrors', '*'], 'n'), '# why\n', '# why\n"*" = "n"\n'],
    ['replaces a list', (it) => it.set(['run-images', 0, 'mirrors'], ['c']), '[ "a", # near\n  "b" ]', '[ "c" ]'],
    ['removes a key', (it) => it.unset(['pull-policy']), "pull-policy = 'always'\n", ''],
    ['removes a key of a table', (it) => it.unset(['registry-mirrors', 'docker.io']), '"docker.io" = "m" # why\n', ''],
    ['removes a table', (it) => it.remove('trusted-builders', 0), '[[trusted-builders]]\nname = "t1"\n', ''],
    ['removes the last table of its kind', (it) => it.remove('run-images', 0), '[[run-images]] # first\nimage = "r"\nmirrors = [ "a", # near\n  "b" ]\n', ''],
  ])('%s, and changes nothing else', (_title, change, from, to) => {
    expect(edited(CONFIG, change)).toBe(CONFIG.replace(from, to))
  })

  test('appends a table, and a key of a table that is not there yet', () => {
    const text = edited(CONFIG, (it) => {
      it.add('registries', { name: 'mine', type: 'git', url: 'file:///x' })
      it.set(['other-mirrors', 'quay.io'], 'q')
    })
    expect(text).toBe(`${CONFIG}\n[[registries]]\nname = "mine"\ntype = "git"\nurl = "file:///x"\n\n[other-mirrors]\n"quay.io" = "q"\n`)
  })

  test('starts from nothing, and puts a key before the first table and its comment', () => {
    expect(edited('', (it) => it.set(['a'], true))).toBe('a = true\n')
    expect(edited('# top\n\n# about t\n[t]\nb = 1', (it) => it.set(['a'], 'x'))).toBe('# top\n\na = "x"\n# about t\n[t]\nb = 1\n')
  })

  test('removes a table with the tables inside it', () => {
    expect(edited('[[a]]\nb = 1\n[a.c]\nd = 2\n[[a]]\nb = 3\n', (it) => it.remove('a', 0))).toBe('[[a]]\nb = 3\n')
  })

  test('finds a key in other capitals', () => {
    const document = new TomlDocument('Pull-Policy = "always"\n', FILE)
    document.set(['pull-policy'], 'never')
    expect(document.text).toBe('Pull-Policy = "never"\n')
    expect(document.value('pull-policy')).toBe('never')
  })

  test('removes a missing key without an effect', () => {
    expect(edited(CONFIG, (it) => it.unset(['none']))).toBe(CONFIG)
    expect(edited(CONFIG, (it) => it.unset(['none', 'at-all']))).toBe(CONFIG)
  })

  test.each<[string, string, (document: TomlDocument) => void]>([
    ['an array of inline tables', 'a = [{ b = 1 }, { b = 2 }]\n', (it) => it.add('a', { b: 'x' })],
    ['an entry of an array of inline tables', 'a = [{ b = 1 }, { b = 2 }]\n', (it) => it.remove('a', 0)],
    ['an inline table', 'a = { b = 1 }\n', (it) => it.set(['a', 'c'], 'x')],
    ['a key of an inline table', 'a = { b = 1 }\n', (it) => it.unset(['a', 'b'])],
  ])('refuses to edit %s, and stays as it was', (_title, text, change) => {
    const document = new TomlDocument(text, FILE)
    expect(() => change(document)).toThrow('cannot change config.toml: the key is in a form that cnb cannot edit')
    expect(document.text).toBe(text)
  })

  const key = fc.constantFrom('a', 'b', 'pull-policy', 'needs "quotes"', 'ü.x')
  const value = fc.oneof(fc.string(), fc.boolean(), fc.array(fc.string(), { maxLength: 3 }))
  const change = fc.oneof(
    fc.record({ does: fc.constant('set' as const), key, value }),
    fc.record({ does: fc.constant('set in a table' as const), key, value }),
    fc.record({ does: fc.constant('unset' as const), key }),
    fc.record({ does: fc.constant('add' as const), key, value }),
    fc.record({ does: fc.constant('remove' as const), key: fc.nat(3) }),
  )

  test('has the expected data and all comments after any changes', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        const document = new TomlDocument(CONFIG, FILE)
        const tables: unknown[] = []
        for (const each of changes) {
          if (each.does === 'set') document.set([each.key], each.value)
          else if (each.does === 'set in a table') document.set(['table', each.key], each.value)
          else if (each.does === 'unset') document.unset([each.key])
          else if (each.does === 'add') {
            document.add('added', { [each.key]: each.value })
            tables.push({ [each.key]: each.value })
          } else {
            document.remove('added', each.key)
            tables.splice(each.key, 1)
          }
        }
        const { added = [], ...rest } = JSON.parse(JSON.stringify(parseToml(document.text, FILE))) as Record<string, unknown>
        expect(added).toEqual(tables)
        expect(rest['of-another-tool']).toEqual({ table: { x: 1 } })
        for (const comment of ['# my config', '# the builder', '# own mirrors', '# first', '# near', '# keep', '# about t2', '# why']) {
          expect(document.text).toContain(comment)
        }
      }),
    )
  })
})
