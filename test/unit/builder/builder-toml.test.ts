import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import { readBuilderToml } from '../../../src/builder/builder-toml.ts'

const MINIMAL = `[build]
image = "acme/build"
[[run.images]]
image = "acme/run"
[lifecycle]
uri = "lifecycle"
[[order]]
[[order.group]]
id = "acme/node"
`

function failure(text: string): CnbError {
  try {
    readBuilderToml(text, 'builder.toml')
  } catch (error) {
    return error as CnbError
  }
  throw new Error('no error')
}

describe('readBuilderToml', () => {
  test('accepts keys in any case, and warns with the correct spelling', () => {
    const config = readBuilderToml(MINIMAL.replace('image', 'Image') + '[[Buildpacks]]\nURI = "a"\n', 'builder.toml')
    expect(config).toMatchObject({ buildImage: 'acme/build', buildpacks: [{ uri: 'a' }] })
    expect([...config.warnings].sort()).toEqual([
      "builder.toml:10: write the key 'Buildpacks' as 'buildpacks'",
      "builder.toml:11: write the key 'URI' as 'uri'",
      "builder.toml:2: write the key 'Image' as 'image'",
    ])
  })

  test('reads all fields', () => {
    const config = readBuilderToml(
      `description = "Mine"
[[buildpacks]]
uri = "buildpacks/node"
id = "acme/node"
version = "1"
homepage = "https://acme.example"
[[extensions]]
uri = "extensions/curl.tgz"
[[order]]
[[order.group]]
id = "acme/node"
optional = true
[[order-extensions]]
[[order-extensions.group]]
id = "acme/curl"
version = "1"
optional = true
[build]
image = "acme/build"
[[build.env]]
name = "PATHS"
value = "/a"
suffix = "prepend"
delim = ":"
[[build.env]]
name = "CI"
value = "true"
exec-env = ["production"]
[[run.images]]
image = "acme/run"
mirrors = ["mirror.example/run"]
[[run.images]]
image = "acme/run-full"
[stack]
id = "acme"
[lifecycle]
uri = "lifecycle.tgz"
[[targets]]
os = "linux"
arch = "amd64"
[[targets.distros]]
name = "debian"
version = "12"
[system.pre]
buildpacks = [{ id = "acme/pre", version = "1" }]
`,
      'builder.toml',
    )
    expect(config).toEqual({
      description: 'Mine',
      buildpacks: [{ uri: 'buildpacks/node', id: 'acme/node', version: '1' }],
      extensions: [{ uri: 'extensions/curl.tgz' }],
      order: [{ group: [{ id: 'acme/node', optional: true }] }],
      orderExtensions: [{ group: [{ id: 'acme/curl', version: '1' }] }],
      buildImage: 'acme/build',
      buildEnv: [{ name: 'CI', content: 'true' }, { name: 'PATHS.delim', content: ':' }, { name: 'PATHS.prepend', content: '/a' }],
      runImages: [{ image: 'acme/run', mirrors: ['mirror.example/run'] }, { image: 'acme/run-full', mirrors: [] }],
      stackId: 'acme',
      lifecycle: { type: 'path', uri: 'lifecycle.tgz' },
      targets: [{ os: 'linux', arch: 'amd64', distros: [{ name: 'debian', version: '12' }] }],
      system: { pre: [{ id: 'acme/pre', version: '1' }], post: [] },
      warnings: [],
    })
  })

  test('reads the images of the deprecated stack', () => {
    const config = readBuilderToml(
      '[stack]\nid = "acme"\nbuild-image = "acme/build"\nrun-image = "acme/run"\nrun-image-mirrors = ["m.example/run"]\n[lifecycle]\nuri = "l"\n',
      'builder.toml',
    )
    expect(config).toMatchObject({ buildImage: 'acme/build', runImages: [{ image: 'acme/run', mirrors: ['m.example/run'] }], stackId: 'acme' })
  })

  test('warns about a missing order, an empty value and a repeated variable', () => {
    const text = '[build]\nimage = "b"\nenv = [{ name = "A" }, { name = "B", value = "1" }, { name = "B", value = "2" }]\n[[run.images]]\nimage = "r"\n[lifecycle]\nuri = "l"\n'
    const { warnings, buildEnv } = readBuilderToml(text, 'builder.toml')
    expect(warnings).toEqual([
      expect.stringContaining('[[order]] is missing'),
      expect.stringContaining("'A' has an empty value"),
      expect.stringContaining("'B' is set twice"),
    ])
    expect(buildEnv).toEqual([{ name: 'A', content: '' }, { name: 'B', content: '2' }])
  })

  test.each([
    ['an unknown key', `${MINIMAL}colour = "red"\n`, 10, 1, /unknown key 'order\[0\].group\[0\].colour'/],
    ['an unknown table', `[paint]\n${MINIMAL}`, 1, 2, /unknown key 'paint'/],
    ['an unknown key of an image', `${MINIMAL}[[run.images]]\nimage = "r"\nmirror = "m"\n`, 12, 1, /unknown key 'run.images\[1\].mirror'/],
    ['an unknown key of [lifecycle]', MINIMAL.replace('uri =', 'url ='), 6, 1, /unknown key 'lifecycle.url'/],
    ['an unknown key of a target', `${MINIMAL}[[targets]]\nplatform = "linux"\n`, 11, 1, /unknown key 'targets\[0\].platform'/],
    ['no build image', MINIMAL.replace('image = "acme/build"', ''), 1, 2, /build.image is required/],
    ['two build images', `${MINIMAL}[stack]\nbuild-image = "other"\n`, 2, 1, /differ/],
    ['no run image', MINIMAL.replace('[[run.images]]\nimage = "acme/run"', ''), undefined, undefined, /run.images is required/],
    ['two run images', `${MINIMAL}[stack]\nrun-image = "other"\n`, 11, 1, /differ/],
    ['a run image without a name', `${MINIMAL}[[run.images]]\nmirrors = []\n`, 10, 3, /'run.images\[1\].image' is required/],
    ['an invalid image reference', MINIMAL.replace('acme/run', 'Acme Run'), 4, 1, /not an image reference/],
    ['a buildpack without a uri', `${MINIMAL}[[buildpacks]]\nid = "a"\n`, 10, 3, /'buildpacks\[0\].uri' is required/],
    ['a uri and an image', `${MINIMAL}[[buildpacks]]\nuri = "a"\nimage = "acme/bp"\n`, 12, 1, /a uri or an image, not both/],
    ['an unknown suffix', `${MINIMAL}[[build.env]]\nname = "A"\nsuffix = "add"\n`, 12, 1, /unknown suffix 'add'/],
    ['append without a delimiter', `${MINIMAL}[[build.env]]\nname = "A"\nvalue = "b"\nsuffix = "append"\n`, 13, 1, /needs a 'delim'/],
    ['a variable that is a path', `${MINIMAL}[[build.env]]\nname = "../A"\nvalue = "b"\n`, 11, 1, /not a valid name of an environment variable/],
    ['a NUL in a value', `${MINIMAL}[[build.env]]\nname = "A"\nvalue = "b\\u0000"\n`, 12, 1, /contains a NUL character/],
    ['an invalid version of the lifecycle', MINIMAL.replace('uri = "lifecycle"', 'version = "newest"'), 6, 1, /'newest' is not a version of the lifecycle/],
    ['an invalid lifecycle image', MINIMAL.replace('uri = "lifecycle"', 'image = "A"'), 6, 1, /'A'/],
    ['uri and image of the lifecycle', MINIMAL.replace('uri =', 'image = "a"\nuri ='), 7, 1, /has both 'uri' and 'image'/],
    ['version and uri of the lifecycle', MINIMAL.replace('uri =', 'version = "1"\nuri ='), 6, 1, /has both 'version' and 'uri'/],
    ['a wrong type', `description = 1\n${MINIMAL}`, 1, 1, /'description' must be a string, not a number/],
    ['broken TOML', `${MINIMAL}[[targets]\n`, 10, undefined, /not valid TOML/],
  ])('rejects %s with its position', (_, text, line, column, message) => {
    const error = failure(text)
    expect(error.message).toMatch(message)
    expect(error.code).toBe('CNB_DESCRIPTOR_INVALID')
    expect(error.position).toMatchObject({ file: 'builder.toml', ...(line ? { line } : {}), ...(column ? { column } : {}) })
  })

  test.each([
    ['version = "0.21.0"', { type: 'version', version: '0.21.0' }],
    ['version = "v0.21"', { type: 'version', version: '0.21.0' }],
    ['version = "0.21.0-rc.1"', { type: 'version', version: '0.21.0-rc.1' }],
    ['uri = "https://acme.example/lifecycle.tgz"', { type: 'url', url: 'https://acme.example/lifecycle.tgz' }],
    ['uri = "file:///lifecycle.tgz"', { type: 'path', uri: 'file:///lifecycle.tgz' }],
    ['uri = "docker://buildpacksio/lifecycle"', { type: 'image', reference: 'buildpacksio/lifecycle' }],
    ['uri = "docker:/r.example:5000/lifecycle"', { type: 'image', reference: 'r.example:5000/lifecycle' }],
    ['image = "buildpacksio/lifecycle:0.21.0"', { type: 'image', reference: 'buildpacksio/lifecycle:0.21.0' }],
    ['', undefined],
  ])('reads the lifecycle of %j', (text, lifecycle) => {
    expect(readBuilderToml(MINIMAL.replace('uri = "lifecycle"', text), 'builder.toml').lifecycle).toEqual(lifecycle)
  })

  test('returns a configuration or throws a CnbError for any mix of lines', () => {
    const lines = fc.constantFrom(...MINIMAL.split('\n'), '[[targets]]', 'os = "linux"', 'env = [{ name = "A" }]', '[system.pre]', 'buildpacks = [{}]', 'mirrors = ["x"]', '[stack]', 'uri = 1')
    fc.assert(
      fc.property(fc.array(lines, { maxLength: 12 }), (given) => {
        try {
          readBuilderToml(given.join('\n'), 'builder.toml')
        } catch (error) {
          expect(error).toBeInstanceOf(CnbError)
        }
      }),
    )
  })
})
