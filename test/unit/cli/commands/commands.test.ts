/** Output and exit code of each command line, on the fake engine and an in-memory registry. */

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CNB } from '../../../../src/cli/command-list.ts'
import { parseCommandLine } from '../../../../src/cli/program.ts'
import { reportUsageError, runCommand } from '../../../../src/cli/run.ts'
import { BUILDER, type FakeBuilds, openFakeBuilds, RUN_IMAGE } from '../../../support/fakes/fake-builds.ts'
import { loadFakeImage } from '../../../support/fakes/fake-image.ts'
import { MemoryRegistry } from '../../../support/fakes/memory-registry.ts'
import { buildpackFiles } from '../../../support/script-builder.ts'
import { writeFiles } from '../../../support/workbench.ts'
import { writeLifecycle } from '../../builder/lifecycle-files.ts'
import { recordingStream } from '../../ui/recording-stream.ts'

let builds: FakeBuilds

beforeEach(async () => {
  builds = await openFakeBuilds()
})

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** Parses stdout as JSON. */
  readonly json: () => unknown
}

async function cnb(...argv: string[]): Promise<Ran> {
  const [stdout, stderr] = [recordingStream(), recordingStream()]
  const parsed = parseCommandLine(argv)
  if (parsed.kind === 'print') throw new Error(parsed.text)
  const io = { host: builds.host, stdout, stderr, signal: new AbortController().signal, services: async () => builds, remote: () => builds, input: Readable.from([Buffer.from('my-app\n# a comment\n')]), hurry: () => new AbortController().signal }
  const code = parsed.kind === 'wrong' ? await reportUsageError(parsed.error, parsed.globals, io, CNB) : await runCommand(parsed, io, CNB)
  return { code, stdout: stdout.text, stderr: stderr.text, json: () => JSON.parse(stdout.text) as unknown }
}

const BUILD = ['build', 'my-app', '--builder', BUILDER, '--pull-policy', 'never']

describe('build', () => {
  test('prints the built image and the command to start it', async () => {
    const { code, stdout } = await cnb(...BUILD, '--tag', 'my-app:1.0,other:2')
    const { id } = await builds.image()
    expect(code).toBe(0)
    for (const words of ['my-app:latest', id, 'my-app:1.0, other:2', RUN_IMAGE, 'test/node@1.0.0', 'docker run --rm']) expect(stdout).toContain(words)
  })

  test('prints only the image with --quiet, and the whole result as JSON', async () => {
    const quiet = await cnb(...BUILD, '--quiet')
    const { id } = await builds.image()
    expect(quiet).toMatchObject({ code: 0, stdout: `${id}\n`, stderr: '' })
    const { json, code } = await cnb(...BUILD, '--output', 'json')
    expect(code).toBe(0)
    expect(json()).toEqual({
      schemaVersion: 1, image: 'my-app:latest', tags: [], places: ['engine'], id, reference: id, builder: BUILDER, runImage: RUN_IMAGE, platformApi: '0.15',
      buildpacks: [{ id: 'test/node', version: '1.0.0' }], processes: [{ type: 'web', default: true }],
      phases: expect.any(Array) as [], durationMs: expect.any(Number) as number,
    })
  })

  test('prints how to copy an image from a layout, except from a sparse one', async () => {
    const to = `oci:${join(builds.host.home, 'out')}`
    expect((await cnb(...BUILD, '--to', to)).stdout).toContain('skopeo copy')
    const sparse = await cnb(...BUILD, '--to', `${to}2`, '--sparse')
    expect(sparse.code).toBe(0)
    expect(sparse.stdout).not.toContain('skopeo')
  })

  test('warns if a file of the image name exists', async () => {
    await mkdir(join(builds.app, 'my-app'))
    expect((await cnb(...BUILD)).stderr).toMatch(/my-app/)
    expect((await cnb(...BUILD, '--path', '.', '--quiet')).stderr).toBe('')
  })

  test.each([
    ['the detector', 20, 'CNB_DETECT_FAILED'],
    ['the builder', 51, 'CNB_BUILD_FAILED'],
  ])('returns the exit code of %s and prints the error as JSON', async (phase, exit, error) => {
    if (phase === 'the detector') builds.detect = () => exit
    else builds.work = () => exit
    const { code, json } = await cnb(...BUILD, '--output', 'json')
    expect(code).toBe(exit)
    expect(json()).toMatchObject({ error: { code: error, exit } })
  })

  test.each([
    [['build', 'my-app', '--lifecycle', 'other'], 'CNB_USAGE'],
    [['build', 'my-app', '--pids-limit', 'many'], 'CNB_USAGE'],
    [['build', 'my-app', '--no-such-option'], 'CNB_USAGE'],
    [['build'], 'CNB_USAGE'],
    [[...BUILD, '--memory', 'lots'], 'CNB_USAGE'],
    [[...BUILD, '--to', 'nowhere'], 'CNB_USAGE'],
    [['build', 'my-app'], 'CNB_USAGE'],
  ])('refuses %j before any work', async (argv, error) => {
    const { code, stdout, stderr } = await cnb(...argv)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(error)
    expect(builds.engine.created).toEqual([])
  })
})

describe('rebase', () => {
  beforeEach(async () => {
    await builds.build()
    await loadFakeImage(builds.engine, 'new/run', { Env: ['PATH=/usr/bin'] }, { 'etc/run': 'newer run image' })
  })

  const REBASE = ['rebase', 'my-app', '--pull-policy', 'never']
  const NEWER = ['--run-image', 'new/run', '--force']

  test('rebases the app and prints the result in each format', async () => {
    const { code, stdout } = await cnb(...REBASE, ...NEWER)
    const { id } = await builds.image()
    expect(code).toBe(0)
    for (const words of ['my-app', id, 'new/run']) expect(stdout).toContain(words)
    expect((await builds.contents()).get('/etc/run')).toBe('newer run image')
    expect((await cnb(...REBASE, ...NEWER, '--quiet')).stdout).toBe(`${id}\n`)
    expect((await cnb(...REBASE, ...NEWER, '--output', 'json')).json()).toMatchObject({ image: 'my-app:latest', id, changed: false })
  })

  test('returns 3 from a dry run that finds changes, otherwise 0, and changes nothing', async () => {
    const { id } = await builds.image()
    const outdated = await cnb(...REBASE, ...NEWER, '--dry-run', '--output', 'json')
    expect(outdated.code).toBe(3)
    expect(outdated.json()).toMatchObject({ dryRun: true, changed: true })
    expect((await builds.image()).id).toBe(id)
    expect(await cnb(...REBASE, '--dry-run', '--quiet')).toMatchObject({ code: 0 })
  })

  test('continues after a failed image, and returns 1', async () => {
    const { code, json } = await cnb(...REBASE, 'not/there', ...NEWER, '--output', 'json')
    expect(code).toBe(1)
    expect(json()).toMatchObject({
      images: [{ image: 'my-app:latest', status: 'rebased' }, { image: 'not/there', status: 'failed', error: { code: 'CNB_IMAGE_NOT_FOUND' } }],
      summary: { total: 2, rebased: 1, failed: 1 },
    })
  })

  test('reads images from the standard input or a file, and returns 3 for outdated ones', async () => {
    const file = join(builds.host.home, 'fleet.txt')
    await writeFile(file, 'my-app # the only one\n')
    for (const from of ['-', file]) {
      const { code, json } = await cnb('rebase', '--from-file', from, '--pull-policy', 'never', ...NEWER, '--dry-run', '--output', 'json')
      expect(code).toBe(3)
      expect(json()).toMatchObject({ dryRun: true, summary: { total: 1, outdated: 1 } })
    }
  })

  test('refuses an image without buildpacks', async () => {
    const { code, json } = await cnb('rebase', RUN_IMAGE, '--pull-policy', 'never', '--output', 'json')
    expect([code, json()]).toMatchObject([72, { error: { code: 'CNB_NOT_REBASABLE' } }])
  })
})

test.each([
  [['rebase']],
  [['rebase', 'my-app', 'other', '--previous-image', 'before']],
  [['rebase', 'my-app', 'other', '--report-output-dir', 'out']],
  [['rebase', 'my-app', '--all-tags', 'reg.example/team']],
  [['rebase', 'my-app', '--concurrency', '2']],
  [['rebase', 'my-app', '--concurrency', '0', '--publish']],
  [['rebase', 'my-app', '--insecure-registry', 'reg.example']],
  [['rebase', 'my-app', '--ca-cert', 'ca.pem']],
])('refuses %j before any work', async (argv) => {
  const { code, stderr } = await cnb(...argv)
  expect(code).toBe(2)
  expect(stderr).toContain('CNB_USAGE')
})

describe('in a registry', () => {
  let registry: MemoryRegistry

  beforeEach(async () => {
    registry = await new MemoryRegistry().start()
  })
  afterEach(() => registry[Symbol.asyncDispose]())

  test('prints digests in build and inspect, and reports a missing run image in rebase', async () => {
    const name = `${registry.address}/app:1`
    const built = await cnb('build', name, '--builder', BUILDER, '--pull-policy', 'never', '--publish', '--quiet')
    expect(built).toMatchObject({ code: 0, stdout: `${registry.address}/app@${registry.repository('app').tags.get('1')}\n` })
    expect((await cnb('inspect', name, '--remote', '--output', 'json')).json()).toMatchObject({ source: 'registry', digest: registry.repository('app').tags.get('1') })
    expect((await cnb('inspect', name, '--remote', '--quiet')).stdout).toBe(built.stdout)
    const rebased = await cnb('rebase', name, '--publish', '--run-image', `${registry.address}/nothing`, '--output', 'json')
    expect([rebased.code, rebased.json()]).toMatchObject([1, { error: { code: 'CNB_IMAGE_NOT_FOUND' } }])
  })
})

describe('inspect', () => {
  test('shows an app in each format', async () => {
    const { id } = await builds.build()
    const { stdout, code } = await cnb('inspect', 'my-app')
    expect(code).toBe(0)
    for (const words of ['my-app', id, RUN_IMAGE, 'test/node', 'web']) expect(stdout).toContain(words)
    expect((await cnb('inspect', 'my-app', '--quiet')).stdout).toBe(`${id}\n`)
    for (const output of ['yaml', 'toml']) expect((await cnb('inspect', 'my-app', '--output', output)).stdout).toContain('test/node')
    expect((await cnb('inspect', 'my-app', '--output', 'json')).json()).toMatchObject({ image: 'my-app', source: 'engine', id, buildpacks: [{ id: 'test/node' }] })
  })

  test('returns 1 for a missing image and for an image other than an app', async () => {
    expect((await cnb('inspect', `127.0.0.1:1/nothing`, '--output', 'json')).code).toBe(1)
    expect((await cnb('inspect', RUN_IMAGE)).code).toBe(1)
    expect((await cnb('inspect', 'my-app', '--output', 'ndjson')).code).toBe(2)
  })

  test("shows a builder's buildpacks and run images", async () => {
    const { stdout, code } = await cnb('builder', 'inspect', BUILDER)
    expect(code).toBe(0)
    for (const words of ['test/node', RUN_IMAGE, '0.21.0']) expect(stdout).toContain(words)
    const { id } = await builds.image(BUILDER)
    expect((await cnb('builder', 'inspect', BUILDER, '--quiet')).stdout).toBe(`${id}\n`)
    expect((await cnb('builder', 'inspect', RUN_IMAGE)).code).not.toBe(0)
  })
})

describe('sbom download', () => {
  test("writes the image's SBOM files and lists them", async () => {
    builds.work = (made) => {
      made.layer('dist', { launch: true, files: { 'bin/node': 'node' } })
      made.write('sbom/launch/test_node/dist/sbom.cdx.json', '{"bomFormat":"CycloneDX"}')
    }
    await builds.build()
    const directory = join(builds.host.home, 'bom')
    const { code, stdout } = await cnb('sbom', 'download', 'my-app', '--output-dir', directory)
    expect(code).toBe(0)
    expect(stdout).toContain('test_node/dist/sbom.cdx.json')
    expect(await readFile(join(directory, 'layers/sbom/launch/test_node/dist/sbom.cdx.json'), 'utf8')).toBe('{"bomFormat":"CycloneDX"}')
    expect((await cnb('sbom', 'download', 'my-app', '--output-dir', `${directory}2`, '--quiet')).stdout).toBe(`${directory}2\n`)
    expect((await cnb('sbom', 'download', 'my-app', '--output-dir', `${directory}3`, '--output', 'json')).json()).toMatchObject({ directory: `${directory}3`, files: [{ size: 25 }] })
  })

  test('returns 1 for an image without an SBOM', async () => {
    await builds.build()
    const { code, json } = await cnb('sbom', 'download', 'my-app', '--output-dir', join(builds.host.home, 'bom'), '--output', 'json')
    expect(code).toBe(1)
    expect(json()).toHaveProperty('error.code')
  })
})

describe('builder create', () => {
  beforeEach(async () => {
    await writeLifecycle(join(builds.app, 'lifecycle'))
    await writeFiles(builds.app, Object.fromEntries(Object.entries(buildpackFiles('acme/node', {})).map(([path, content]) => [`node/${path}`, content])))
    const toml = `[[buildpacks]]\nuri = "node"\n[[order]]\n[[order.group]]\nid = "acme/node"\n[build]\nimage = "${BUILDER}"\n[[run.images]]\nimage = "${RUN_IMAGE}"\n[lifecycle]\nuri = "lifecycle"\n`
    await writeFile(join(builds.app, 'builder.toml'), toml)
  })

  const CREATE = ['builder', 'create', 'acme/builder', '--config', 'builder.toml', '--pull-policy', 'never']

  test('prints the created builder in each format, and how to use it', async () => {
    const { code, stdout } = await cnb(...CREATE, '--tag', 'acme/builder:2')
    const { id } = await builds.image('acme/builder')
    expect(code).toBe(0)
    for (const words of ['acme/builder', 'acme/builder:2', id, '0.21.0', 'acme/node@1.0.0', 'cnb build my-app --builder acme/builder']) expect(stdout).toContain(words)
    expect((await cnb(...CREATE, '--quiet')).stdout).toBe(`${id}\n`)
    expect((await cnb(...CREATE, '--output', 'json')).json()).toMatchObject({ image: 'acme/builder:latest', id, buildpacks: [{ id: 'acme/node', version: '1.0.0' }] })
  })

  test.each([
    [[...CREATE, '--target', 'linux/amd64/v1/x']],
    [['builder', 'create', 'acme/builder']],
    [[...CREATE, '--label', 'no-value']],
  ])('refuses %j', async (argv) => {
    const { code, stderr } = await cnb(...argv)
    expect(code).toBe(2)
    expect(stderr).toContain('CNB_USAGE')
  })
})

describe('commands about cnb itself', () => {
  test('prints the version, a report and builders without an engine', async () => {
    expect((await cnb('version')).stdout).toBe('0.1.0\n')
    const report = await cnb('report', '--output', 'json')
    expect(report.json()).toMatchObject({ version: '0.1.0', platformApis: expect.arrayContaining(['0.15']) as [], config: { file: join(builds.host.home, '.cnb/config.toml') } })
    expect((await cnb('builder', 'suggest')).stdout).toContain('heroku/builder:26')
    expect((await cnb('suggest-builders', '-o', 'yaml')).stdout).toContain('image: paketobuildpacks/ubuntu-noble-builder')
  })

  test('writes a completion script and prints its path', async () => {
    const { stdout } = await cnb('completion', '--shell', 'fish')
    expect(stdout).toBe(`${join(builds.host.home, '.cnb/completion.fish')}\n`)
    expect(await readFile(stdout.trim(), 'utf8')).toContain('complete -c cnb')
  })
})

describe('an option of pack', () => {
  test('prints a line on stderr for an option without a meaning, in every format', async () => {
    expect((await cnb(...BUILD, '--interactive', '-q')).stderr).toBe('--interactive has no effect: cnb has no full-screen display\n')
    const { stderr, json } = await cnb(...BUILD, '--interactive', '--output', 'json')
    expect(stderr).toContain('--interactive has no effect')
    expect(json()).toMatchObject({ image: 'my-app:latest' })
  })

  test('prints the time before each line of progress', async () => {
    const { stderr, stdout } = await cnb(...BUILD, '--timestamps')
    for (const line of stderr.trimEnd().split('\n')) expect(line).toMatch(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6}( |$)/)
    expect(stdout).toMatch(/^Built/)
  })
})

describe('cnb config registries', () => {
  test('prints the words of pack', async () => {
    const lines = [
      [['registries', 'add', 'mine', 'https://git.example/index', '--type', 'git'], "Successfully added 'mine' to registries\n"],
      [['registries', 'default'], "The current default registry is 'official'\n"],
      [['registry', 'default', 'mine'], "Successfully set 'mine' as the default registry\n"],
      [['registries'], '* mine      https://git.example/index\n  official  https://github.com/buildpacks/registry-index\n'],
      [['registries', 'default', '-u'], "Successfully unset default registry 'mine'\nDefault registry has been set to 'official'\n"],
      [['registries', 'remove', 'mine'], "Successfully removed 'mine' from registries\n"],
    ] as const
    for (const [words, stdout] of lines) expect(await cnb('config', ...words)).toMatchObject({ code: 0, stdout, stderr: '' })
    expect((await cnb('config', 'registries', 'list', '--output', 'json')).json()).toMatchObject({ registries: [{ name: 'official', type: 'github', url: 'https://github.com/buildpacks/registry-index', default: true }] })
  })

  test.each([['add', 'mine'], ['add', 'a', 'https://b', 'c'], ['remove'], ['default', 'a', 'b'], ['add', 'a', 'https://b', '--type', 'svn']])('refuses other arguments: %s %s', async (...words) => {
    expect((await cnb('config', 'registries', ...words.filter((word) => word !== undefined))).code).toBe(2)
  })
})

describe('build in another directory and as another user', () => {
  test('sets the directory and the owner of the app', async () => {
    const users: string[] = []
    builds.detect = ({ user, files }) => {
      users.push(user)
      expect(files.read('/app/server.js')?.toString()).toBe('serve()')
    }
    expect((await cnb(...BUILD, '--workspace', 'app', '--uid', '1234', '--gid', '0')).code).toBe(0)
    const { config } = await builds.image()
    expect([users, config.WorkingDir, config.Env]).toEqual([['1234:0'], '/app', expect.arrayContaining(['CNB_APP_DIR=/app'])])
    expect((await builds.contents()).get('/app/server.js')).toBe('serve()')
  })

  test('refuses root and a directory of the build', async () => {
    expect((await cnb(...BUILD, '--uid', '0')).stderr).toContain('--uid 0 is root')
    expect((await cnb(...BUILD, '--workspace', 'layers')).code).toBe(2)
  })
})

describe('config', () => {
  test('shows, sets and unsets values with the words of pack', async () => {
    expect((await cnb('config', 'default-builder')).stdout).toBe("No default builder is set.\n\nFor suggested builders, run 'cnb builder suggest'.\n")
    expect((await cnb('set-default-builder', BUILDER)).stdout).toBe(`Builder '${BUILDER}' is now the default builder\n`)
    expect((await cnb('config', 'pull-policy', 'never')).stdout).toBe("Successfully set 'never' as the pull policy\n")
    expect((await cnb('build', 'my-app', '--quiet')).code).toBe(0)
    expect((await cnb('config', 'default-builder', '-o', 'json')).json()).toMatchObject({ 'default-builder': BUILDER })
    expect((await cnb('config', 'default-builder', '-u')).stdout).toBe(`Successfully unset default builder '${BUILDER}'\n`)
    expect((await cnb('config', 'experimental', 'true')).stdout).toBe('Experimental features enabled!\n')
    expect(await readFile(join(builds.host.home, '.cnb/config.toml'), 'utf8')).toBe('pull-policy = "never"\nexperimental = true\n')
  })

  test('refuses an image that is not a builder, and a value with --unset', async () => {
    expect(await cnb('config', 'default-builder', RUN_IMAGE)).toMatchObject({ code: 1, stderr: expect.stringContaining('CNB_BUILDER_INVALID') as string })
    expect((await cnb('config', 'pull-policy', 'never', '--unset')).code).toBe(2)
  })

  test('lists values with their origins, and gets, sets and unsets them', async () => {
    const file = join(builds.host.home, '.cnb/config.toml')
    expect((await cnb('config', 'set', 'pull-policy', 'never')).stdout).toBe(`'pull-policy' is 'never' in ${file}\n`)
    expect((await cnb('config', 'set', 'experimental', 'true')).code).toBe(0)
    await cnb('config', 'run-image-mirrors', 'add', 'some/run', '-m', 'a.example/run')
    await cnb('config', 'registries', 'add', 'mine', 'https://user:secret@git.example/index')
    await writeFile(join(builds.host.cwd, 'project.toml'), '[_]\nschema-version = "0.2"\n[io.buildpacks]\nbuilder = "of/project"\n')
    const { stdout } = await cnb('config', 'list')
    expect(stdout.replaceAll(builds.host.home, '~').replaceAll(builds.host.cwd, '.').replaceAll(/ +/g, ' ').split('\n')).toEqual([
      ' KEY VALUE ORIGIN',
      ' io.buildpacks.builder of/project ./project.toml:4',
      ' default-builder-image not set',
      ' pull-policy never ~/.cnb/config.toml:1',
      ' if-changed false default',
      ' git-labels false default',
      ' cache-size 10g default',
      ' cache-budget not set',
      ' cache-max-age not set',
      ' lifecycle-image not set',
      ' default-registry official default',
      ' experimental true ~/.cnb/config.toml:2',
      ' run-images some/run: a.example/run ~/.cnb/config.toml:4',
      ' registries mine: https://git.example/index ~/.cnb/config.toml:8',
      '',
    ])
    expect((await cnb('config', 'get', 'pull-policy', '-o', 'json')).json()).toEqual({ schemaVersion: 1, key: 'pull-policy', value: 'never', origin: { kind: 'file', file, line: 1 } })
    expect((await cnb('config', 'unset', 'pull-policy')).stdout).toBe(`'pull-policy' is unset in ${file}\n`)
    expect((await cnb('config', 'get', 'pull-policy')).stdout).toBe('always\n')
    expect(await cnb('config', 'get', 'lifecycle-image')).toMatchObject({ code: 1, stdout: '' })
  })

  test('names the environment variable that replaces a value', async () => {
    const env = builds.host.env as Record<string, string>
    env['CNB_PULL_POLICY'] = 'never'
    try {
      expect((await cnb('config', 'set', 'pull-policy', 'always')).stdout).toContain('The environment variable CNB_PULL_POLICY replaces it: never')
      expect((await cnb('config', 'list')).stdout).toMatch(/pull-policy +never +CNB_PULL_POLICY\n/)
      expect((await cnb(...BUILD.slice(0, 4), '--explain')).stderr).toContain('it is set by CNB_PULL_POLICY')
    } finally {
      delete env['CNB_PULL_POLICY']
    }
  })

  test('refuses wrong keys and values with advice, and an edit without a terminal', async () => {
    expect((await cnb('config', 'get', 'pul-policy')).stderr).toContain('Did you mean pull-policy?')
    expect((await cnb('config', 'set', 'run-images', 'x')).stderr).toContain("Use 'cnb config run-image-mirrors'.")
    expect((await cnb('config', 'set', 'if-changed', 'maybe')).stderr).toContain('Use true or false.')
    expect((await cnb('config', 'set', 'default-registry', 'none')).stderr).toContain("no buildpack registry 'none'")
    expect(await cnb('config', 'edit')).toMatchObject({ code: 2, stderr: expect.stringContaining('without a terminal') as string })
  })

  test('changes lists with the words of pack', async () => {
    expect((await cnb('trust-builder', 'some/new')).stdout).toBe("Builder 'some/new' is now trusted\n")
    expect((await cnb('config', 'trusted-builders', 'list')).stdout).toMatch(/^Trusted Builders:\n(?: {2}.*\n)* {2}some\/new\n$/)
    expect((await cnb('untrust-builder', 'some/new')).stdout).toBe("Builder 'some/new' is no longer trusted\n")
    expect((await cnb('config', 'trusted-builders', 'remove', 'heroku/builder:24')).stderr).toContain("Builder 'heroku/builder:24' is a known trusted builder")
    expect((await cnb('config', 'run-image-mirrors', 'add', 'some/run', '-m', 'a.example/run,b.example/run')).stdout).toContain("Run Image 'some/run' configured with mirror 'b.example/run'")
    expect((await cnb('config', 'run-image-mirrors')).stdout).toBe("Run Image Mirrors:\n  'some/run':\n    a.example/run\n    b.example/run\n")
    expect((await cnb('config', 'registry-mirrors', 'add', '*', '-m', 'm.example')).stdout).toBe("Registry '*' configured with mirror 'm.example'\n")
    expect((await cnb('config', 'registry-mirrors', 'list', '-o', 'json')).json()).toMatchObject({ registryMirrors: { '*': ['m.example'] } })
    expect((await cnb('config', 'trusted-builders', 'add')).code).toBe(2)
  })
})
