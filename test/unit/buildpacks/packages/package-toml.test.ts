import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import { readPackageToml } from '../../../../src/buildpacks/packages/package-toml.ts'

const read = (text: string, kind: 'buildpack' | 'extension' = 'buildpack') => readPackageToml(text, 'package.toml', kind)

describe('readPackageToml', () => {
  test('reads the uri, dependencies and targets', () => {
    const text = `[buildpack]
uri = "."
[[dependencies]]
uri = "../a"
[[dependencies]]
image = "acme/b"
[[dependencies]]
image = "docker://acme/c"
[platform]
os = "linux"
[[targets]]
os = "linux"
arch = "amd64"
[[targets.distros]]
name = "debian"
version = "12"
`
    expect(read(text)).toEqual({
      uri: '.',
      dependencies: ['../a', 'docker://acme/b', 'docker://acme/c'],
      targets: [{ os: 'linux', arch: 'amd64', distros: [{ name: 'debian', version: '12' }] }],
    })
    expect(read('[extension]\nuri = "x"\n', 'extension')).toEqual({ uri: 'x', dependencies: [], targets: [] })
  })

  test.each([
    ['', 'CNB_DESCRIPTOR_INVALID', "'buildpack.uri' is required"],
    ['[extension]\nuri = "."\n', 'CNB_DESCRIPTOR_INVALID', "'buildpack.uri' is required"],
    ['[buildpack]\nuri = "."\nid = "a"\n', 'CNB_DESCRIPTOR_INVALID', "unknown key 'buildpack.id'"],
    ['[buildpack]\nuri = "."\n[other]\n', 'CNB_DESCRIPTOR_INVALID', "unknown key 'other'"],
    ['[buildpack]\nuri = "."\n[[dependencies]]\nuri = "a"\nimage = "b"\n', 'CNB_DESCRIPTOR_INVALID', 'a dependency has a uri or an image, not both'],
    ['[buildpack]\nuri = "."\n[[dependencies]]\n', 'CNB_DESCRIPTOR_INVALID', "a dependency requires a 'uri'"],
    ['[buildpack]\nuri = "."\n[platform]\nos = "windows"\n', 'CNB_UNSUPPORTED', "cannot create a package for 'windows'"],
  ])('rejects %j', (text, code, message) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code, message: `package.toml: ${message}` }))
  })

  test('rejects the dependencies of an extension', () => {
    expect(() => read('[extension]\nuri = "."\n[[dependencies]]\nuri = "a"\n', 'extension')).toThrow('a package of an extension has no dependencies')
  })

  test('throws only its own errors, for any text', () => {
    const key = fc.constantFrom('[buildpack]', '[[dependencies]]', '[[targets]]', 'uri = "."', 'image = "a"', 'os = 1', 'arch = "x"', '[platform]')
    fc.assert(fc.property(fc.oneof(fc.string(), fc.array(key).map((lines) => lines.join('\n'))), (text) => {
      try {
        expect(read(text).uri).not.toBe('')
      } catch (error) {
        expect(error).toBeInstanceOf(CnbError)
      }
    }))
  })
})
