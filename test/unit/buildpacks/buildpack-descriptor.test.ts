import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import { readDescriptor } from '../../../src/buildpacks/buildpack-descriptor.ts'

const MINIMAL = 'api = "0.11"\n[buildpack]\nid = "acme/node"\nversion = "1.0.0"\n'

function read(text: string, kind: 'buildpack' | 'extension' = 'buildpack') {
  return readDescriptor(text, `${kind}.toml`, kind)
}

function failure(text: string, kind: 'buildpack' | 'extension' = 'buildpack'): CnbError {
  try {
    read(text, kind)
  } catch (error) {
    return error as CnbError
  }
  throw new Error('no error')
}

describe('readDescriptor', () => {
  test("reads all members of a builder's buildpack", () => {
    const descriptor = read(`api = "0.11"
[buildpack]
id = "acme/node"
version = "1.0.0"
name = "Node"
description = "Runs node"
homepage = "https://acme.example"
keywords = ["js"]
clear-env = true
sbom-formats = ["application/vnd.cyclonedx+json"]
[[buildpack.licenses]]
type = "MIT"
uri = "https://acme.example/license"
[[stacks]]
id = "*"
mixins = ["git"]
[[targets]]
os = "linux"
arch = "arm64"
variant = "v8"
[[targets.distros]]
name = "ubuntu"
version = "24.04"
[metadata]
anything = 1
`)
    expect(descriptor).toEqual({
      kind: 'buildpack',
      api: '0.11',
      info: {
        id: 'acme/node',
        version: '1.0.0',
        name: 'Node',
        description: 'Runs node',
        homepage: 'https://acme.example',
        keywords: ['js'],
        licenses: [{ type: 'MIT', uri: 'https://acme.example/license' }],
        clearEnv: true,
      },
      stacks: [{ id: '*', mixins: ['git'] }],
      targets: [{ os: 'linux', arch: 'arm64', variant: 'v8', distros: [{ name: 'ubuntu', version: '24.04' }] }],
      order: [],
    })
  })

  test('reads the order of a composite buildpack', () => {
    const descriptor = read(`${MINIMAL}[[order]]\n[[order.group]]\nid = "a"\nversion = "1"\noptional = true\n[[order.group]]\nid = "b"\nversion = "2"\n`)
    expect(descriptor.order).toEqual([{ group: [{ id: 'a', version: '1', optional: true }, { id: 'b', version: '2' }] }])
  })

  test('reads an extension from [extension]', () => {
    expect(read('api = "0.10"\n[extension]\nid = "acme/curl"\nversion = "1"\n', 'extension').info).toEqual({ id: 'acme/curl', version: '1' })
  })

  test('accepts an underscore in an id, and other characters with a warning, like pack and the lifecycle', () => {
    const warnings: string[] = []
    const idOf = (id: string): string =>
      readDescriptor(MINIMAL.replace('acme/node', id), 'buildpack.toml', 'buildpack', { events: (event) => event.type === 'warning' && warnings.push(event.message) }).info.id
    expect(['acme/my_buildpack', '_', 'Acme/a_b.c-d'].map(idOf)).toEqual(['acme/my_buildpack', '_', 'Acme/a_b.c-d'])
    expect(warnings).toEqual([])
    expect(['a b', 'a+b', 'büro/x'].map(idOf)).toEqual(['a b', 'a+b', 'büro/x'])
    expect(warnings).toHaveLength(3)
    expect(warnings[0]).toContain("the id 'a b' has characters other than")
  })

  test('uses API 0.1 by default', () => {
    expect(read('[buildpack]\nid = "a"\nversion = "1"\n').api).toBe('0.1')
  })

  test.each([
    ['an order and targets', `${MINIMAL}[[order]]\n[[order.group]]\nid = "a"\n[[targets]]\nos = "linux"\n`, 8, /order or targets, not both/],
    ['an order and stacks', `${MINIMAL}[[stacks]]\nid = "*"\n[[order]]\n[[order.group]]\nid = "a"\n`, 5, /order or stacks, not both/],
    ['no table', 'api = "0.11"\n', undefined, /missing table \[buildpack\]/],
    ['no id', '[buildpack]\nversion = "1"\n', 1, /'buildpack.id' is required/],
    ['no version', '[buildpack]\nid = "a"\n', 1, /'buildpack.version' is required/],
    ['an api that is none', 'api = "latest"\n', 1, /not a Buildpack API version/],
    ['a number where a text belongs', '[buildpack]\nid = "a"\nversion = 1.0\n', 3, /must be a string, not a number/],
    ['an id with a control character', '[buildpack]\nid = "a\\tb"\nversion = "1"\n', 2, /"a\\tb" is not a buildpack id/],
    ['an id with a part that is dots', '[buildpack]\nid = "a/../b"\nversion = "1"\n', 2, /not a buildpack id/],
    ['an id with an empty part', '[buildpack]\nid = "/a"\nversion = "1"\n', 2, /not a buildpack id/],
    ['an id that is longer than a name', `[buildpack]\nid = "${'a'.repeat(256)}"\nversion = "1"\n`, 2, /not a buildpack id/],
    ['an id that climbs out', '[buildpack]\nid = "../x"\nversion = "1"\n', 2, /not a buildpack id/],
    ['an id that the lifecycle uses', '[buildpack]\nid = "sbom"\nversion = "1"\n', 2, /the lifecycle reserves it/],
    ['a version that climbs out', '[buildpack]\nid = "a"\nversion = "../1"\n', 3, /not a version/],
    ['TOML that is broken', 'api = \n', 1, /not valid TOML/],
  ])('rejects %s with its position', (_, text, line, message) => {
    const error = failure(text)
    expect(error.code).toBe('CNB_DESCRIPTOR_INVALID')
    expect(error.message).toMatch(message)
    expect(error.position).toMatchObject({ file: 'buildpack.toml', ...(line === undefined ? {} : { line }) })
  })

  test('returns a descriptor or throws a CnbError for any text', () => {
    const piece = fc.constantFrom('[buildpack]\n', '[[order]]\n', 'id = "a"\n', 'version = 1\n', 'version = "1"\n', '[[targets]]\n', 'os = []\n', 'x = {', '}', '\u0000')
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        try {
          read(pieces.join(''))
        } catch (error) {
          expect(error).toBeInstanceOf(CnbError)
        }
      }),
    )
  })
})
