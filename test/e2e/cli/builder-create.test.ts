import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { stringifyToml, type TomlTable } from '../../../src/formats/toml.ts'
import type { BuildResult } from '../../../src/operations/build/build-result.ts'
import type { CreateBuilderResult } from '../../../src/operations/builder/create-builder.ts'
import type { BuilderInspection } from '../../../src/operations/builder/inspect-builder.ts'
import { runCnb, succeed, succeedJson, type Finished, type RunOptions } from '../../support/cnb.ts'
import { inspectImage, runImage } from '../../support/engines/docker.ts'
import { watchEngine } from '../../support/engines/left-behind.ts'
import { TRUSTED, buildpackFiles, builderToml, processes } from '../../support/script-builder.ts'
import { makeWorkbench, writeFiles } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

const ONE = buildpackFiles('test/one', { build: `echo one >>said; ${processes({ web: 'cat said' })}` })
const TWO = buildpackFiles('test/two', { detect: '[ -f two ]', build: 'echo two >>said' })
const UNDER = ['--pull-policy', 'never'] as const

/** Makes a directory with two buildpacks and a builder.toml that `change` may alter. Returns the path of the builder.toml. */
async function descriptor(change: (toml: TomlTable) => TomlTable = (toml) => toml): Promise<string> {
  const directory = await bench.directory({})
  await writeFiles(join(directory, 'one'), ONE)
  await writeFiles(join(directory, 'two'), TWO)
  const toml = await builderToml([{ id: 'test/one', path: 'one' }, { id: 'test/two', path: 'two' }], [['test/one', 'test/two'], ['test/one']])
  await writeFiles(directory, { 'builder.toml': stringifyToml(change(toml)) })
  return join(directory, 'builder.toml')
}

function create(image: string, config: string, options: RunOptions = {}): Promise<CreateBuilderResult> {
  return succeedJson<CreateBuilderResult>(['builder', 'create', image, '--config', config, ...UNDER], options)
}

/** Builds an app with a builder. Returns the output of its process. */
async function said(builder: string, files: Record<string, string>): Promise<string> {
  const image = bench.image()
  await succeedJson<BuildResult>(['build', image, '--path', await bench.directory(files), '--builder', builder, TRUSTED, ...UNDER])
  return runImage(image)
}

describe('a builder', () => {
  it('has one image ID, independent of time and place', async () => {
    const [one, other] = [await descriptor(), await descriptor()]
    execFileSync('find', [join(other, '..'), '-exec', 'touch', '-d', '2001-02-03', '{}', '+'])
    execFileSync('chmod', ['-R', 'go-rwx', join(other, '..')])
    const first = await create(bench.image(), one)
    const second = await create(bench.image(), other, { env: { TZ: 'Pacific/Auckland', LANG: 'tr_TR.UTF-8' } })
    expect(second.id).toBe(first.id)
    expect(first).toMatchObject({ lifecycleVersion: '0.21.0', buildpacks: [{ id: 'test/one', version: '1.0.0' }, { id: 'test/two', version: '1.0.0' }] })
  })

  it('has the same image ID with buildpacks from tars', async () => {
    const config = await descriptor()
    const directory = join(config, '..')
    for (const name of ['one', 'two']) execFileSync('tar', ['-C', join(directory, name), '--sort=name', '-czf', join(directory, `${name}.tgz`), '.'])
    const packed = (await readFile(config, 'utf8')).replace('"one"', '"one.tgz"').replace('"two"', '"two.tgz"')
    await writeFiles(directory, { 'packed.toml': packed })
    expect(packed).toContain('one.tgz')
    expect((await create(bench.image(), join(directory, 'packed.toml'))).id).toBe((await create(bench.image(), config)).id)
  })

  it('builds apps with the first group that detects', async () => {
    const builder = bench.image()
    await create(builder, await descriptor())
    expect(await said(builder, { two: '' })).toBe('one\ntwo')
    expect(await said(builder, { none: '' })).toBe('one')
  })

  it('supports composite buildpacks with nested orders', async () => {
    const builder = bench.image()
    const config = await descriptor((toml) => ({
      ...toml,
      buildpacks: [...(toml['buildpacks'] as TomlTable[]), { uri: 'both' }],
      order: [{ group: [{ id: 'test/both', version: '3.0.0' }] }],
    }))
    await writeFiles(join(config, '../both'), {
      'buildpack.toml': 'api = "0.11"\n[buildpack]\nid = "test/both"\nversion = "3.0.0"\n[[order]]\ngroup = [{ id = "test/two", version = "1.0.0", optional = true }, { id = "test/one", version = "1.0.0" }]\n',
    })
    await create(builder, config)
    expect(await said(builder, { two: '' })).toBe('two\none')
    expect(await said(builder, { none: '' })).toBe('one')
    const { order } = await succeedJson<BuilderInspection>(['builder', 'inspect', builder])
    expect(order).toMatchObject([{ buildpacks: [{ id: 'test/both', groups: [{ buildpacks: [{ id: 'test/two', optional: true }, { id: 'test/one' }] }] }] }])
  })

  it('passes the variables of [[build.env]] to builds', async () => {
    const builder = bench.image()
    const config = await descriptor((toml) => ({
      ...toml,
      build: { ...(toml['build'] as TomlTable), env: [{ name: 'FLAVOUR', value: 'vanilla' }, { name: 'TOPPING', value: 'nuts', suffix: 'append', delim: ':' }] },
    }))
    await writeFiles(join(config, '../one'), buildpackFiles('test/one', { build: `echo "$FLAVOUR with $TOPPING" >said; ${processes({ web: 'cat said' })}` }))
    await create(builder, config)
    expect(await said(builder, {})).toBe('vanilla with nuts')
  })

  it('records its run images with mirrors, its targets and its labels', async () => {
    const builder = bench.image()
    const config = await descriptor((toml) => {
      const { images } = toml['run'] as { images: TomlTable[] }
      return { ...toml, run: { images: [{ ...images[0], mirrors: ['mirror.example/run'] }] } }
    })
    await succeed(['builder', 'create', builder, '--config', config, ...UNDER, '--label', 'e2e.label=some value'])
    expect((await inspectImage(builder)).Config.Labels?.['e2e.label']).toBe('some value')
    const inspection = await succeedJson<BuilderInspection>(['builder', 'inspect', builder])
    expect(inspection.runImages).toMatchObject([{ mirrors: ['mirror.example/run'] }])
  })

  it('reads the lifecycle from a tgz or a directory', async () => {
    const config = await descriptor()
    const { lifecycle } = (await builderToml([], [])) as { lifecycle: { uri: string } }
    const tgz = join(bench.path, 'lifecycle.tgz')
    execFileSync('tar', ['-C', lifecycle.uri, '--sort=name', '-czf', tgz, '.'])
    const packed = await descriptor((toml) => ({ ...toml, lifecycle: { uri: tgz } }))
    expect((await create(bench.image(), packed)).id).toBe((await create(bench.image(), config)).id)
  })
})

describe('a wrong builder.toml', () => {
  async function refuse(config: string, exit: number, code: string, word: string | RegExp): Promise<Finished> {
    const leftBehind = await watchEngine()
    const result = await runCnb(['builder', 'create', bench.image(), '--config', config, ...UNDER])
    expect(result.stderr).toContain(code)
    expect(result.stderr).toMatch(word)
    expect(result).toMatchObject({ code: exit, stdout: '' })
    expect(await leftBehind()).toEqual([])
    return result
  }

  it.each([
    ['a file that is not TOML', '[build\nimage = "x"\n', /builder\.toml:1:\d+/],
    ['a missing build image name', '[lifecycle]\nuri = "x"\n', /build/],
  ])('reports %s', async (_title, text, word) => {
    const directory = await bench.directory({ 'builder.toml': text })
    await refuse(join(directory, 'builder.toml'), 2, 'CNB_DESCRIPTOR_INVALID', word)
  })

  it('reports an unknown key', async () => {
    await refuse(await descriptor((toml) => ({ ...toml, descripton: 'typo' })), 2, 'CNB_DESCRIPTOR_INVALID', 'descripton')
  })

  it('reports a missing file', async () => {
    const result = await runCnb(['builder', 'create', bench.image(), '--config', join(bench.path, 'no-such.toml')])
    expect(result).toMatchObject({ code: expect.any(Number) as unknown, stdout: '', stderr: expect.stringContaining('no-such.toml') as unknown })
    expect(result.code).not.toBe(0)
  })

  it('reports a missing buildpack, and one with another ID', async () => {
    await refuse(await descriptor((toml) => ({ ...toml, buildpacks: [{ uri: 'nowhere' }] })), 1, 'CNB_BUILDPACK_NOT_FOUND', 'nowhere')
    const result = await runCnb(['builder', 'create', bench.image(), '--config', await descriptor((toml) => ({ ...toml, buildpacks: [{ id: 'test/two', uri: 'one' }] })), ...UNDER])
    expect(result.code).not.toBe(0)
    expect(result.stderr).toContain('test/one')
  })

  it('reports an order with a buildpack that the builder does not contain', async () => {
    const config = await descriptor((toml) => ({ ...toml, order: [{ group: [{ id: 'test/three' }] }] }))
    const result = await runCnb(['builder', 'create', bench.image(), '--config', config, ...UNDER])
    expect(result.code).not.toBe(0)
    expect(result.stderr).toMatch(/CNB_(BUILDPACK_NOT_FOUND|DESCRIPTOR_INVALID)/)
    expect(result.stderr).toContain('test/three')
  })

  it('reports a lifecycle without one of its binaries', async () => {
    const { lifecycle: whole } = (await builderToml([], [])) as { lifecycle: { uri: string } }
    const lifecycle = await bench.directory({ 'lifecycle.toml': await readFile(join(whole.uri, 'lifecycle.toml'), 'utf8') })
    await refuse(await descriptor((toml) => ({ ...toml, lifecycle: { uri: lifecycle } })), 1, 'CNB_LIFECYCLE_INVALID', /detector|creator|analyzer/)
  })

  it('reports a missing build image', async () => {
    const config = await descriptor((toml) => ({ ...toml, build: { image: 'cnb-e2e/no-such-build' } }))
    await refuse(config, 1, 'CNB_IMAGE_NOT_FOUND', 'cnb-e2e/no-such-build')
  })
})
