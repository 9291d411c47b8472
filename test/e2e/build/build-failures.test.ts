import { execFileSync } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { runCnb, startCnb, type Finished, type RunOptions } from '../../support/cnb.ts'
import { loadCraftedImage, type CraftedImage } from '../../support/images/crafted-image.ts'
import { docker, inspectImage, runImage } from '../../support/engines/docker.ts'
import { FLOWS } from '../../support/engines/drivers.ts'
import { forwardEngine } from '../../support/engines/forwarded-engine.ts'
import { watchEngine } from '../../support/engines/left-behind.ts'
import { BUILDER, USING_BUILDER, appFiles, processes } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

const works = await bench.directory(appFiles(processes({ web: 'echo hi' })))
const otherArchitecture = process.arch === 'arm64' ? 'amd64' : 'arm64'

function build(app: string, options: readonly string[] = [], run?: RunOptions): Promise<Finished> {
  return runCnb(['build', bench.image(), '--path', app, ...USING_BUILDER, ...options], run)
}

/** Checks a failure: exit code, error code and a word of the message on stderr, nothing on stdout. */
function expectFailure(result: Finished, exit: number, code: string, ...words: (string | RegExp)[]): void {
  expect(result.stderr).toContain(code)
  for (const word of words) expect(result.stderr).toMatch(word)
  expect(result.code).toBe(exit)
  expect(result.stdout).toBe('')
  expect(result.stderr, 'a stack is for --verbose').not.toMatch(/^\s+at .*:\d+:\d+\)?$/m)
}

describe.each(FLOWS)('%s: a failing phase', (_flow, flow) => {
  it('ends with 20 when no buildpack detects', async () => {
    expectFailure(await build(await bench.directory({ 'README.md': 'nothing' }), flow), 20, 'CNB_DETECT_FAILED')
  })

  it('prints the output of a detect that breaks', async () => {
    const app = await bench.directory(appFiles('', {}, 'echo "the detect broke" >&2; exit 1'))
    const result = await build(app, flow)
    expectFailure(result, result.code ?? -1, 'CNB_DETECT_FAILED', 'the detect broke')
    expect([20, 21]).toContain(result.code)
  })

  it("ends with 51 and the buildpack's message when its build fails", async () => {
    const app = await bench.directory(appFiles('echo "out of flour"; exit 7'))
    expectFailure(await build(app, flow), 51, 'CNB_BUILD_FAILED', 'out of flour')
  })

  it('ends with 62 when the image cannot be exported', async () => {
    expectFailure(await build(works, [...flow, '--default-process', 'no-such']), 62, 'CNB_EXPORT_FAILED', 'no-such')
  })

  it('leaves nothing behind', async () => {
    const image = bench.image()
    const app = await bench.directory(appFiles('[ -z "${FAIL:-}" ] || exit 1'))
    const again = (...options: string[]): Promise<Finished> =>
      runCnb(['build', image, '--path', app, ...USING_BUILDER, ...flow, ...options])
    expect((await again()).code).toBe(0)
    const leftBehind = await watchEngine()
    expect((await again('--env', 'FAIL=yes')).code).toBe(51)
    expect((await again('--default-process', 'no-such')).code).toBe(62)
    expect(await leftBehind()).toEqual([])
  })
})

describe('a builder', () => {
  const labelsOf = async (): Promise<Record<string, string>> => (await inspectImage(BUILDER)).Config.Labels ?? {}

  async function buildWith(image: CraftedImage): Promise<Finished> {
    const builder = bench.image()
    await loadCraftedImage(builder, image)
    return build(works, ['--builder', builder])
  }

  it('reports a missing builder by name', async () => {
    expectFailure(await build(works, ['--builder', 'cnb-e2e/no-such-builder']), 1, 'CNB_IMAGE_NOT_FOUND', 'cnb-e2e/no-such-builder')
  })

  it('rejects an image that is not a builder', async () => {
    expectFailure(await buildWith({}), 1, 'CNB_BUILDER_INVALID', 'io.buildpacks.builder.metadata')
  })

  it.each([
    ['not JSON', '{"lifecycle":'],
    ['of another shape', '{"lifecycle":{"version":7},"buildpacks":"x"}'],
    ['nothing but brackets', '['.repeat(200_000)],
    ['absurdly large', JSON.stringify({ description: 'x'.repeat(24 << 20) })],
  ])('rejects metadata that is %s', async (_title, metadata) => {
    const { Env: env, User: user } = (await inspectImage(BUILDER)).Config
    const result = await buildWith({ env, user, labels: { ...(await labelsOf()), 'io.buildpacks.builder.metadata': metadata } })
    expectFailure(result, 1, 'CNB_BUILDER_INVALID')
    expect(result.stderr.length).toBeLessThan(4000)
  })

  it('rejects a user that is not a number', async () => {
    expectFailure(await buildWith({ env: ['PATH=/bin', 'CNB_USER_ID=root; rm', 'CNB_GROUP_ID=1000'], labels: await labelsOf() }), 1, 'CNB_BUILDER_INVALID', 'CNB_USER_ID')
  })

  it('rejects another architecture', async () => {
    const { Env: env, User: user } = (await inspectImage(BUILDER)).Config
    const result = await buildWith({ env, user, labels: await labelsOf(), architecture: otherArchitecture })
    expectFailure(result, 1, 'CNB_PLATFORM_MISMATCH', otherArchitecture)
  })

  it('rejects a builder with only unsupported Platform APIs', async () => {
    const labels = await labelsOf()
    const metadata = JSON.parse(labels['io.buildpacks.builder.metadata'] ?? '') as { lifecycle: { apis: { platform: object } } }
    metadata.lifecycle.apis.platform = { supported: ['0.99'], deprecated: [] }
    const { Env: env, User: user } = (await inspectImage(BUILDER)).Config
    const result = await buildWith({ env, user, labels: { ...labels, 'io.buildpacks.builder.metadata': JSON.stringify(metadata) } })
    expectFailure(result, 11, 'CNB_PLATFORM_API', '0.99')
  })
})

describe('a run image', () => {
  it('reports a missing run image by name', async () => {
    expectFailure(await build(works, ['--run-image', 'cnb-e2e/no-such-run']), 1, 'CNB_IMAGE_NOT_FOUND', 'cnb-e2e/no-such-run')
  })

  it('rejects another architecture', async () => {
    const run = bench.image()
    await loadCraftedImage(run, { architecture: otherArchitecture })
    expectFailure(await build(works, ['--run-image', run]), 1, 'CNB_PLATFORM_MISMATCH', otherArchitecture)
  })
})

describe('input of the user', () => {
  it.each([
    ['is not TOML', '[_]\nschema-version = "0.2"\n[io.buildpacks\n', /project\.toml:3:\d+/],
    ['has a value of the wrong type', '[_]\nschema-version = "0.2"\n[io.buildpacks]\nexclude = "all"\n', /project\.toml:4/],
    ['includes and excludes', '[_]\nschema-version = "0.2"\n[io.buildpacks]\nexclude = ["a"]\ninclude = ["b"]\n', /include.*exclude|exclude.*include/s],
    ['has an unknown schema version', '[_]\nschema-version = "9.9"\n', /9\.9/],
  ])('reports a project.toml that %s, with its position', async (_title, text, place) => {
    const app = await bench.directory({ ...appFiles('true'), 'project.toml': text })
    expectFailure(await build(app), 2, 'CNB_DESCRIPTOR_INVALID', place)
  })

  it('reports a wrong env file with its line', async () => {
    const file = join(bench.path, 'bad.env')
    await writeFile(file, 'GOOD=1\n=no name\n')
    expectFailure(await build(works, ['--env-file', file]), 2, 'CNB_DESCRIPTOR_INVALID', /bad\.env:2/)
  })

  it.each(['UPPER/case', 'a:b:c', '', 'name@sha256:1234', 'http://example/x', '-x/y'])('rejects the image name %j', async (name) => {
    expectFailure(await runCnb(['build', ...USING_BUILDER, '--path', works, '--', name]), 2, 'CNB_REFERENCE_INVALID')
  })

  it('rejects an app directory that is missing, or a file', async () => {
    expectFailure(await build(join(bench.path, 'nowhere')), 1, 'CNB_APP_INVALID', 'nowhere')
    expectFailure(await build(join(works, 'script/build')), 1, 'CNB_APP_INVALID')
  })

  it.each(['no/such', 'test/script@9.9.9', './no-such-directory'])('rejects the missing buildpack %s', async (locator) => {
    expectFailure(await build(works, ['--buildpack', locator]), 1, 'CNB_BUILDPACK_NOT_FOUND', locator)
  })

  it('rejects a --buildpack directory without buildpack.toml', async () => {
    expectFailure(await build(works, ['--buildpack', await bench.directory({ file: '' })]), 1, 'CNB_BUILDPACK_INVALID', 'buildpack.toml')
  })

  it.each([[['--no-such-flag']], [['--pull-policy', 'sometimes']], [['--creation-time', 'yesterday-ish']], [['--volume', 'relative']], [['--env', '=x']]])(
    'as options, %j, is wrong usage',
    async (options) => {
      const result = await build(works, options)
      expectFailure(result, 2, 'CNB_USAGE')
    },
  )
})

describe('an app with odd files', () => {
  it('builds without sockets and with pipes', async () => {
    const app = await bench.directory(appFiles(`ls >said; ${processes({ web: 'cat said' })}`))
    execFileSync('mkfifo', [join(app, 'pipe')])
    const server = createServer().listen(join(app, 'socket'))
    await new Promise((resolve) => server.once('listening', resolve))
    const image = bench.image()
    const result = await runCnb(['build', image, '--path', app, ...USING_BUILDER])
    await new Promise((resolve) => server.close(resolve))
    expect(result).toMatchObject({ code: 0 })
    expect((await docker('run', '--rm', image)).split('\n')).toEqual(['pipe', 'said', 'script'])
  })

  it.runIf(process.getuid?.() === 0)('rejects an unreadable file, with its path', async () => {
    const app = await bench.directory({ ...appFiles('true'), 'secret/file': '' })
    await chmod(join(app, 'secret/file'), 0o000)
    await using engine = await forwardEngine(join(bench.path, 'open.sock'))
    expectFailure(await build(app, [], { uid: 65534, env: { DOCKER_HOST: engine.address, HOME: bench.path } }), 1, 'CNB_APP_INVALID', 'secret/file')
  })

  it('never follows a link out of its tree', async () => {
    const outside = await bench.directory({ secret: 'top secret' })
    const app = await bench.directory(appFiles(`{ readlink away; cat away/secret 2>/dev/null || echo nothing; } >said; ${processes({ web: 'cat said' })}`))
    execFileSync('ln', ['-s', outside, join(app, 'away')])
    const image = bench.image()
    expect(await runCnb(['build', image, '--path', app, ...USING_BUILDER])).toMatchObject({ code: 0 })
    expect(await docker('run', '--rm', image)).toBe(`${outside}\nnothing`)
  })
})

describe('a buildpack', () => {
  it("fails with the engine's message for more launch layers than an image can have", async () => {
    const image = bench.image()
    const script = `cd "$CNB_LAYERS_DIR"; for n in {1..130}; do mkdir "$n"; printf '[types]\\nlaunch = true\\n' >"$n.toml"; done; cd -`
    const result = await runCnb(['build', image, '--path', await bench.directory(appFiles(`${script}\n${processes({ web: 'echo hi' })}`)), ...USING_BUILDER])
    if (result.code === 0) return expect(await runImage(image)).toBe('hi')
    expectFailure(result, result.code ?? -1, 'CNB_', /depth|layer/i)
    expect(await docker('image', 'ls', '--quiet', image)).toBe('')
  })
})

describe('the engine', () => {
  it.each(['unix:///nowhere/docker.sock', 'tcp://127.0.0.1:1'])('ends with 125 when no engine answers at %s', async (address) => {
    expectFailure(await build(works, [], { env: { DOCKER_HOST: address } }), 125, 'CNB_ENGINE_UNREACHABLE', address.replace(/^\w+:\/\//, ''))
  })

  it.runIf(process.getuid?.() === 0)('ends with 125 and a reason when the user may not use the socket', async () => {
    const path = join(bench.path, 'closed.sock')
    const server = createServer().listen(path)
    await new Promise((resolve) => server.once('listening', resolve))
    await chmod(path, 0o600)
    const result = await build(works, [], { uid: 65534, env: { DOCKER_HOST: `unix://${path}`, HOME: bench.path } })
    await new Promise((resolve) => server.close(resolve))
    expectFailure(result, 125, 'CNB_ENGINE_DENIED', path)
  })

  it('ends with 125 when the engine disappears during a build', async () => {
    await using engine = await forwardEngine(join(bench.path, 'mortal.sock'))
    const app = await bench.directory(appFiles('echo "waiting for the end"; sleep 1000'))
    const leftBehind = await watchEngine()
    const running = startCnb(['build', bench.image(), '--path', app, ...USING_BUILDER], { env: { DOCKER_HOST: engine.address } })
    await running.line(/waiting for the end/)
    await engine.die()
    expectFailure(await running.finished, 125, 'CNB_ENGINE_LOST')
    // Without the engine nothing could be removed; the next cnb would do it.
    for (const left of await leftBehind()) {
      const [kind, name] = left.split(' ') as [string, string]
      if (kind === 'container') await docker('rm', '--force', '--volumes', name)
    }
  })
})
