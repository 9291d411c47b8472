import { describe, expect, it } from 'vitest'
import { parseProjectDescriptor } from '../../../src/project/project-descriptor.ts'

const parse = (text: string, execEnv = 'production') => parseProjectDescriptor(text, 'project.toml', execEnv)
const v2 = (text: string) => `[_]\nschema-version = "0.2"\n${text}`

describe('parseProjectDescriptor', () => {
  it('warns about #! in an inline script', () => {
    const script = (more: string) => parse(v2(`[[io.buildpacks.group]]\nid = "a"\n[io.buildpacks.group.script]\napi = "0.11"\n${more}`)).warnings
    expect(script('inline = "\\n#!/usr/bin/env bash\\necho hi"\n')).toEqual([expect.stringContaining("'#!' in the inline script of 'a' has no effect: /bin/sh runs it")])
    expect(script('shell = "/bin/bash"\ninline = "#!/bin/bash"\n')).toEqual([])
    expect(script('inline = "echo \'#!\'"\n')).toEqual([])
  })

  it('accepts keys in any case, and warns with the right spelling', () => {
    const { exclude, env, warnings } = parse(`[_]
Schema-Version = "0.2"
[io.buildpacks]
Exclude = ["*.log"]
[[IO.Buildpacks.Build.Env]]
Name = "A"
value = "1"
`)
    expect({ exclude, env }).toEqual({ exclude: ['*.log'], env: [{ name: 'A', value: '1' }] })
    expect(warnings).toContain("project.toml:4: write the key 'Exclude' as 'exclude'")
    expect(warnings.map((warning) => warning.replace(/^.*write the key /, ''))).toEqual([
      "'Schema-Version' as 'schema-version'",
      "'IO' as 'io'",
      "'Buildpacks' as 'buildpacks'",
      "'Build' as 'build'",
      "'Exclude' as 'exclude'",
      "'Env' as 'env'",
      "'Name' as 'name'",
    ])
    expect(parse('[Build]\nExclude = ["x"]\n').exclude).toEqual(['x'])
  })

  it('reads all of schema 0.2', () => {
    const descriptor = parse(`
[_]
schema-version = "0.2"
id = "io.acme.app"
name = "App"
version = "1.2.3"
authors = ["A"]
documentation-url = "https://acme.example/docs"
source-url = "https://acme.example/src"
[[_.licenses]]
type = "MIT"
[_.metadata]
anything = { goes = [1, "x"] }

[io.buildpacks]
builder = "acme/builder:1"
exclude = ["/spec", "*.log"]
[[io.buildpacks.pre.group]]
uri = "./pre"
[[io.buildpacks.group]]
id = "acme/node"
version = "1.0.0"
[[io.buildpacks.group]]
id = "acme/inline"
[io.buildpacks.group.script]
api = "0.11"
inline = "echo hello"
[[io.buildpacks.post.group]]
id = "acme/post"
[[io.buildpacks.build.env]]
name = "A"
value = ""
[[io.buildpacks.build.env]]
name = "B"
value = "x=y"

[com.acme]
others = "business"
`)
    expect(descriptor).toEqual({
      builder: 'acme/builder:1',
      exclude: ['/spec', '*.log'],
      group: [
        { id: 'acme/node', version: '1.0.0' },
        { id: 'acme/inline', script: { api: '0.11', shell: '/bin/sh', inline: 'echo hello' } },
      ],
      pre: [{ uri: './pre' }],
      post: [{ id: 'acme/post' }],
      env: [
        { name: 'A', value: '' },
        { name: 'B', value: 'x=y' },
      ],
      version: '1.2.3',
      sourceUrl: 'https://acme.example/src',
      warnings: [],
    })
  })

  it('reads schema 0.1, the default for a file without a version', () => {
    const old = `
[project]
id = "x"
version = "7"
[build]
builder = "b"
include = ["*.go"]
[[build.buildpacks]]
id = "acme/go"
[[build.env]]
name = "A"
value = "1"
[[build.pre.group]]
id = "acme/pre"
`
    const read = {
      builder: 'b',
      include: ['*.go'],
      group: [{ id: 'acme/go' }],
      pre: [{ id: 'acme/pre' }],
      post: [],
      env: [{ name: 'A', value: '1' }],
      version: '7',
    }
    expect(parse(`[_]\nschema-version = "0.1"\n${old}`)).toEqual({ ...read, warnings: [] })
    expect(parse(old)).toMatchObject({ ...read, warnings: [expect.stringContaining('no schema-version')] })
  })

  it('omits entries for other execution environments in schema 0.3', () => {
    const text = `
[_]
schema-version = "0.3"
[[io.buildpacks.group]]
id = "test-only"
exec-env = ["test"]
[[io.buildpacks.group]]
id = "both"
exec-env = ["test", "production"]
[[io.buildpacks.build.env]]
name = "EVERY"
value = "1"
exec-env = ["*"]
[[io.buildpacks.build.env]]
name = "TEST"
value = "1"
exec-env = ["test"]
`
    expect(parse(text)).toMatchObject({ group: [{ id: 'both' }], env: [{ name: 'EVERY' }], warnings: [] })
    expect(parse(text, 'test')).toMatchObject({ group: [{ id: 'test-only' }, { id: 'both' }], env: [{ name: 'EVERY' }, { name: 'TEST' }], warnings: [] })
  })

  it('reads env.build, unless build.env is present', () => {
    const legacy = '[[io.buildpacks.env.build]]\nname = "A"\nvalue = "old"\n'
    expect(parse(v2(legacy)).env).toEqual([{ name: 'A', value: 'old' }])
    expect(parse(v2(`${legacy}[[io.buildpacks.build.env]]\nname = "A"\nvalue = "new"\n`)).env).toEqual([{ name: 'A', value: 'new' }])
  })

  it('warns about unknown keys, and tables of another schema', () => {
    const descriptor = parse(
      v2('colour = "red"\n[io.buildpacks]\nbiulder = "b"\n[[io.buildpacks.group]]\nid = "x"\noptional = true\n[build]\nbuilder = "b"\n'),
    )
    expect(descriptor.warnings).toEqual([
      'project.toml: [build] belongs to schema 0.1 and has no effect; in 0.2 use [io.buildpacks]',
      "project.toml: 'io.buildpacks.group[0].optional' is not a key of schema 0.2 and has no effect",
      "project.toml: '_.colour' is not a key of schema 0.2 and has no effect",
      "project.toml: 'io.buildpacks.biulder' is not a key of schema 0.2 and has no effect",
    ])
    expect(descriptor.builder).toBeUndefined()
  })

  it.each<[string, string, number, string]>([
    ['include with exclude', v2('[io.buildpacks]\ninclude = ["a"]\nexclude = ["b"]'), 5, 'include and exclude'],
    ['a version with a uri', v2('[[io.buildpacks.group]]\nversion = "1"\nuri = "x"'), 5, 'version and uri'],
    [
      'a script with a version',
      v2('[[io.buildpacks.group]]\nid = "x"\nversion = "1"\n[io.buildpacks.group.script]\napi = "0.11"\ninline = "x"'),
      6,
      'version and script',
    ],
    ['neither id nor uri', v2('[[io.buildpacks.group]]\nid = "a"\n[[io.buildpacks.group]]\nversion = "1"'), 5, 'an id or a uri'],
    [
      'a script without an API',
      v2('[[io.buildpacks.group]]\nid = "x"\n[io.buildpacks.group.script]\ninline = "x"'),
      5,
      "'io.buildpacks.group[0].script.api' is required",
    ],
    ['a variable without a value', v2('[[io.buildpacks.build.env]]\nname = "A"'), 3, "'A' has no value"],
    ['a variable that is a path', v2('[[io.buildpacks.build.env]]\nname = "../A"\nvalue = "x"'), 4, 'slash'],
    ['a list that is none', v2('[io.buildpacks]\nexclude = "a"'), 4, 'must be a list of strings'],
    ['an unknown schema', '[_]\nname = "x"\nschema-version = "9.9"', 3, "version '9.9'"],
    ['a license without anything', v2('[[_.licenses]]\n'), 3, 'a type or a uri'],
    ['what is not TOML', v2('a = '), 3, 'not valid TOML'],
  ])('rejects %s with its line', (_, text, line, words) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        code: 'CNB_DESCRIPTOR_INVALID',
        message: expect.stringContaining(words),
        position: { file: 'project.toml', line, column: expect.any(Number) },
      }),
    )
  })

  it('accepts the byte-order mark and line endings of Windows editors', () => {
    expect(parse(`\uFEFF${v2('[io.buildpacks]\nbuilder = "b"\n').replaceAll('\n', '\r\n')}`)).toMatchObject({ builder: 'b', warnings: [] })
  })
})
