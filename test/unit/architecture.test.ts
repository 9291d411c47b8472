import { readFileSync, readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { describe, expect, it } from 'vitest'
import { structureViolations, violations } from '../support/architecture.ts'

const src = join(import.meta.dirname, '../../src')
const files = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(src, join(entry.parentPath, entry.name)).split(sep).join('/'))
  .sort()

describe('src', () => {
  it('is TypeScript only', () => {
    expect(files.filter((file) => !file.endsWith('.ts'))).toEqual([])
  })

  it('keeps the rules of the house', () => {
    expect(files.flatMap((file) => violations(file, readFileSync(join(src, file), 'utf8')))).toEqual([])
  })
})

describe('the structure of src', () => {
  it('has small folders and no cycles', () => {
    expect(structureViolations(new Map(files.map((file) => [file, readFileSync(join(src, file), 'utf8')])))).toEqual([])
  })

  it('has no folder of more than 15 files', () => {
    const texts = new Map(Array.from({ length: 16 }, (_, index) => [`base/streams/${index}.ts`, '']))
    expect(structureViolations(texts)).toEqual(['base/streams/: 16 files are more than 15'])
    texts.delete('base/streams/0.ts')
    expect(structureViolations(texts)).toEqual([])
  })

  it.each([
    ['import', "import { b } from './b.ts'"],
    ['lazy import', "await import('./b.ts')"],
    ['import of types', "import type { B } from './b.ts'"],
  ])('has no cycle closed by an %s', (_title, text) => {
    const texts = new Map([['oci/a.ts', text], ['oci/b.ts', "import { c } from '../base/c.ts'\nimport { a } from './a.ts'"], ['base/c.ts', '']])
    expect(structureViolations(texts)).toEqual(['cycle of imports: oci/a.ts → oci/b.ts → oci/a.ts'])
  })
})

describe('the rules', () => {
  it.each([
    ['a folder importing one above it', 'oci/a.ts', "import { b } from '../docker/b.ts'", 'oci must not import docker'],
    ['a type from above', 'base/a.ts', "import type { B } from '../oci/b.ts'", 'base must not import oci'],
    ['a type written in place', 'base/a.ts', "type B = import('../oci/b.ts').B", 'base must not import oci'],
    ['a lazy import from above', 'ui/a.ts', "export const a = await import('../operations/build.ts')", 'ui must not import operations'],
    ['a re-export from above', 'docker/a.ts', "export { b } from '../images/b.ts'", 'docker must not import images'],
    ['importing main.ts', 'cli/a.ts', "import '../main.ts'", 'nothing imports main.ts'],
    ['a package outside its folder', 'images/a.ts', "import Docker from 'dockerode'", "'dockerode' is imported in docker/ only"],
    ["a package's inner module", 'ui/a.ts', "import x from '@iarna/toml/parse'", "'@iarna/toml' is imported in formats/ only"],
    ['a package nobody agreed to', 'formats/a.ts', "import x from 'lodash'", "'lodash' is not a package that src may use"],
    ['an import without extension', 'base/a.ts', "import { b } from './b'", "'./b' lacks its extension"],
    ['a new folder', 'extra/a.ts', "import { b } from './b.ts'", 'src/extra/ is not a folder of the house'],
    ['a folder for anything', 'docker/utils/a.ts', '', "a folder is named for what is in it, not 'utils'"],
    ['a default export', 'base/a.ts', 'export default function f() {}', 'exports have names; no default export'],
    ['a default export by name', 'base/a.ts', 'const a = 1\nexport { a as default }', 'exports have names; no default export'],
    ['a barrel', 'base/a.ts', "export * from './b.ts'", 'no barrels: import from the file itself'],
    ['the environment', 'operations/a.ts', 'const { HOME } = process.env', 'only main.ts reads the process'],
    ["the environment beside a variable of that name", 'cli/a.ts', 'export const a = f((process) => 1, process.env)', 'only main.ts reads the process'],
    ['the process by import', 'cli/a.ts', "import { argv } from 'node:process'", 'only main.ts reads the process'],
    ["V8's flags", 'base/a.ts', "import { setFlagsFromString } from 'node:v8'", 'only main.ts changes V8'],
    ["V8's flags in the library", 'index.ts', "export const vm = await import('node:vm')", 'only main.ts changes V8'],
    ["the environment in the library", 'index.ts', 'const { HOME } = process.env', 'only main.ts reads the process'],
    ['the command in the library', 'index.ts', "import { a } from './cli/a.ts'", 'index must not import cli'],
    ['importing the library', 'cli/a.ts', "import { build } from '../index.ts'", 'nothing imports index.ts'],
    ['work at import', 'base/a.ts', "f('x')", 'importing a file has no effects'],
    ['printing', 'operations/a.ts', "export const a = () => console.log('x')", 'nothing but a reporter prints'],
    ['a long file', 'base/a.ts', 'const a = 1\n'.repeat(301), '301 lines are more than 300'],
  ])('refuse %s', (_title, path, text, message) => {
    expect(violations(path, text).map((line) => line.replace(/^[^:]*:\d+: /, ''))).toEqual([message])
  })

  it.each([
    ['its own folder', 'oci/a.ts', "import { b } from './b.ts'"],
    ['a folder below', 'operations/a.ts', "import { b } from '../lifecycle/stock/b.ts'"],
    ["Node's modules", 'base/a.ts', "import { join } from 'node:path'"],
    ['a package in its folder', 'cli/a.ts', "import { Command } from 'commander'"],
    ['a property or parameter called process', 'images/a.ts', 'const a = { process: 1 }\nexport const b = a.process'],
    ["a launch process as a loop's variable", 'cli/a.ts', 'export function f() { for (const process of list) g(process.type) }'],
    ["a launch process as a parameter", 'cli/a.ts', 'export const f = list.map((process) => ({ process, type: process.type }))'],
    ['the process in main.ts', 'main.ts', 'process.exitCode = 1'],
    ["V8's flags in main.ts", 'main.ts', "import { setFlagsFromString } from 'node:v8'"],
    ["the process's constants", 'base/a.ts', 'export const id = process.pid'],
  ])('allow %s', (_title, path, text) => {
    expect(violations(path, text)).toEqual([])
  })
})
