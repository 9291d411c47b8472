/** Output and exit codes as pack, on the fake engine and an in-memory registry. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { packDialect } from '../../../../src/cli/pack/dialect.ts'
import { COMMANDS } from '../../../../src/cli/command-list.ts'
import { parseCommandLine } from '../../../../src/cli/program.ts'
import { reportUsageError, runCommand } from '../../../../src/cli/run.ts'
import { parseToml } from '../../../../src/formats/toml.ts'
import { BUILDER, type FakeBuilds, loadFakeBuilder, openFakeBuilds, RUN_IMAGE } from '../../../support/fakes/fake-builds.ts'
import { MemoryRegistry } from '../../../support/fakes/memory-registry.ts'
import { find } from '../../../support/images/layout-images.ts'
import { pushImage } from '../../../support/images/push-image.ts'
import { buildpackFiles } from '../../../support/script-builder.ts'
import { writeFiles } from '../../../support/workbench.ts'
import { openClient } from '../../../support/registry/registry-client.ts'
import { recordingStream } from '../../ui/recording-stream.ts'

const dialect = packDialect(COMMANDS)
let builds: FakeBuilds
let registry: MemoryRegistry

beforeEach(async () => {
  builds = await openFakeBuilds()
  registry = await new MemoryRegistry().start()
  onTestFinished(() => registry[Symbol.asyncDispose]())
})

async function pack(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const [stdout, stderr] = [recordingStream(), recordingStream()]
  const parsed = parseCommandLine(argv, 100, dialect)
  if (parsed.kind === 'print') throw new Error(parsed.text)
  const host = dialect.hostOf?.(builds.host) ?? builds.host
  const places = { ...builds, host, registries: () => builds.registries({ insecure: [registry.address], mirrors: {}, ca: [] }) }
  const io = { host, stdout, stderr, signal: new AbortController().signal, services: async () => places, remote: () => places, input: Readable.from([]), hurry: () => new AbortController().signal }
  const code = parsed.kind === 'wrong' ? await reportUsageError(parsed.error, parsed.globals, io, dialect) : await runCommand(parsed, io, dialect)
  return { code, stdout: stdout.text, stderr: stderr.text }
}

const BUILD = ['build', 'my-app', '--builder', BUILDER, '--pull-policy', 'never']

describe('pack build', () => {
  test('prints phases and the success on stdout, and nothing on stderr', async () => {
    const { code, stdout, stderr } = await pack(...BUILD)
    expect([code, stderr]).toEqual([0, ''])
    const lines = stdout.split('\n')
    expect(lines.filter((line) => line.startsWith('===> '))).toEqual(['ANALYZING', 'DETECTING', 'RESTORING', 'BUILDING', 'EXPORTING'].map((phase) => `===> ${phase}`))
    expect(lines.at(-2)).toBe("Successfully built image 'my-app'")
  })

  test('saves oci:DIR:TAG to the layout, and names the image by the directory', async () => {
    const directory = join(builds.host.home, 'out/app')
    const { code, stdout } = await pack(...BUILD.with(1, `oci:${directory}:1.0`))
    expect([code, stdout.split('\n').at(-2)]).toEqual([0, "Successfully built image 'app:1.0'"])
    expect(await find(`oci:${directory}:1.0`)).toBeDefined()
    expect(await builds.engine.images.inspect('app:1.0')).toBeUndefined()
  })

  test('puts each --pre-buildpack before the earlier ones', async () => {
    let order = ''
    builds.work = (build) => void (order = build.read('order.toml') ?? '')
    for (const id of ['first', 'second']) await writeFiles(join(builds.host.home, id), buildpackFiles(`pre/${id}`, {}))
    const options = ['first', 'second'].flatMap((id) => ['--pre-buildpack', join(builds.host.home, id)])
    expect((await pack(...BUILD, ...options)).code).toBe(0)
    expect(order.match(/pre\/\w+|test\/node/g)).toEqual(['pre/second', 'pre/first', 'test/node'])
  })

  test('prints only the name without the tag and the digest with -q', async () => {
    const { stdout } = await pack('-q', ...BUILD.with(1, 'my-app:1.0'))
    const { id } = await builds.image('my-app:1.0')
    expect(stdout).toBe(`my-app@${id}\n`)
  })

  test('ends with 1 and the exit code of the phase in the message', async () => {
    builds.work = () => 7
    const { code, stderr } = await pack(...BUILD)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^ERROR: failed to build: executing lifecycle: failed with status code: \d+\n/)
  })

  test('ends with 2 only without a builder, with suggestions on stdout', async () => {
    const { code, stdout, stderr } = await pack('build', 'my-app')
    expect([code, stderr]).toEqual([2, ''])
    expect(stdout).toMatch(/^Please select a default builder with:\n\n\tpack config default-builder <builder-image>\n\nSuggested builders:\n/)
    expect((await pack('build', 'my-app', '-B', 'UPPER')).code).toBe(1)
    expect(await pack('build', 'my-app', '--nosuch')).toMatchObject({ code: 1, stderr: expect.stringMatching(/^ERROR: unknown option '--nosuch'\n/) as string })
  })

  test("reads pack's configuration file and prints warnings on stdout", async () => {
    builds = { ...builds, host: { ...builds.host, env: { ...builds.host.env, PACK_HOME: builds.host.home } } }
    await writeFile(join(builds.host.home, 'config.toml'), `default-builder-image = "${BUILDER}"\npull-policy = "never"\n`)
    const { code, stdout, stderr } = await pack('build', 'my-app', '--volume', 'data:/cnb/x', '--timestamps')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6} Warning: the mount at '\/cnb\/x'/m)
  })
})

describe('pack rebase', () => {
  test('prints the success', async () => {
    await builds.build()
    const { code, stdout } = await pack('rebase', 'my-app', '--pull-policy', 'never')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Rebased Image: '[^']+'\nSuccessfully rebased image 'my-app'\n$/m)
  })
})

describe('pack buildpack package', () => {
  test('prints that a package is in a file', async () => {
    const [buildpack, file] = [join(builds.host.home, 'hello'), join(builds.host.home, 'hello.cnb')]
    await pack('buildpack', 'new', 'acme/hello', '--path', buildpack)
    const { stdout } = await pack('buildpack', 'package', file, '--path', buildpack, '--format', 'file')
    expect(stdout).toBe(`Successfully created package '${file}' and saved to file\n`)
  })
})

describe('pack inspect', () => {
  let [image, builder] = ['', '']

  beforeEach(async () => {
    ;[image, builder] = [`${registry.address}/app`, `${registry.address}/builder`]
    await loadFakeBuilder(builds.engine, { name: builder })
    await builds.build({ image })
  })

  test("prints both places in pack's document", async () => {
    const { code, stdout } = await pack('inspect', image, '-o', 'json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      image_name: image,
      remote_info: null,
      local_info: {
        base_image: { reference: expect.any(String) as string },
        run_images: [{ name: RUN_IMAGE }],
        buildpacks: [{ id: 'test/node', version: '1.0.0' }],
        extensions: null,
        processes: [{ type: 'web', shell: '', command: 'node', default: true, args: ['server.js'], 'working-dir': '/workspace' }],
        rebasable: true,
      },
    })
    expect(parseToml((await pack('inspect', image, '-o', 'toml')).stdout, 'toml')).not.toHaveProperty('remote_info')
    expect((await pack('inspect', image)).stdout).toMatch(/^Inspecting image: '[^']+'\n\nREMOTE:\n\(not present\)\n\nLOCAL:\n\nBase Image:[^]*Buildpacks:\n  ID +VERSION +HOMEPAGE\n/)
  })

  test('fails if neither place has the image', async () => {
    expect(await pack('inspect', `${registry.address}/other`)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining("/other' locally or remotely") as string })
  })

  test("prints a builder with pack's keys in each format", async () => {
    const { stdout } = await pack('builder', 'inspect', builder, '--output', 'json')
    expect(JSON.parse(stdout)).toMatchObject({ builder_name: builder, trusted: false, default: false, remote_info: null, local_info: { lifecycle: { version: '0.21.0' }, detection_order: [{ buildpacks: [{ id: 'test/node', version: '1.0.0' }] }] } })
    expect((await pack('builder', 'inspect', builder, '-o', 'yaml')).stdout).toMatch(/^sharedbuilderinfo:\n {2}builder_name: /)
    const text = await pack('builder', 'inspect', builder, '-d', '-1')
    expect(text.stdout).toContain('Trusted: No')
    expect(text.stdout).toContain(' └ Group #1:')
  })

  test('inspects the default builder without an argument', async () => {
    expect((await pack('builder', 'inspect')).code).toBe(2)
    builds = { ...builds, host: { ...builds.host, env: { PACK_HOME: builds.host.home } } }
    await writeFile(join(builds.host.home, 'config.toml'), `default-builder-image = "${builder}"\n`)
    expect((await pack('builder', 'inspect')).stdout).toMatch(/^Inspecting default builder: '/)
  })
})

test('prints the lines of pack manifest', async () => {
  await using client = openClient()
  const [list, amd64, arm64] = ['app:1', 'app:amd64', 'app:arm64'].map((name) => `${registry.address}/${name}`) as [string, string, string]
  const { digest } = await pushImage(client.registries, amd64, { layers: [] })
  await pushImage(client.registries, arm64, { layers: [], platform: { os: 'linux', architecture: 'arm64' } })
  const lines: [string[], string][] = [
    [['create', list, amd64], `Successfully created manifest list '${list}'`],
    [['add', list, arm64], `Successfully added image '${arm64}' to index`],
    [['annotate', list, arm64, '--variant', 'v8'], `Successfully annotated image '${arm64}' in index '${list}'`],
    [['rm', list, `${registry.address}/app@${digest}`], `Successfully removed image(s) from index: '${list}'`],
    [['push', list], `Successfully pushed manifest list '${list}' to registry`],
    [['remove', list], 'Successfully deleted manifest list(s) from local storage'],
    [['create', list, amd64, arm64, '--publish'], `Successfully pushed manifest list '${list}' to registry`],
  ]
  for (const [argv, line] of lines) expect(await pack('manifest', ...argv)).toEqual({ code: 0, stdout: `${line}\n`, stderr: '' })
})
